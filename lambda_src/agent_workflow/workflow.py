"""The frame around a flow: refusals before it, its result or its typed failure after it, what it cost with both."""

import traceback
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, DurableExecutionsError
from aws_durable_execution_sdk_python.exceptions import BackgroundThreadError, InvokeError, SuspendExecution

from agent_workflow.bookkeeper import Bookkeeper
from agent_workflow.budget import check_prices, smaller_budget
from agent_workflow.deployment import Deployment
from agent_workflow.endings import ended, error_data
from agent_workflow.errors import InvalidRequest
from agent_workflow.estimates import estimate
from agent_workflow.file_order import refuse_what_no_flow_does
from agent_workflow.flow import Flow
from agent_workflow.flow_errors import FlowFailed
from agent_workflow.flow_fields import refuse_what_the_flow_leaves_out
from agent_workflow.flow_module import FILE, Run, has_flow, load_flow
from agent_workflow.hand_over import HandOver, as_it_failed
from agent_workflow.large_results import RESULT_LIMIT_BYTES, LargeResultsSerDes, bucket_of
from agent_workflow.privacy import keep_texts_out_of_spans
from agent_workflow.redrive import end_redrive, refused_redrive
from agent_workflow.request import Request
from agent_workflow.result import Document, completed, completed_elsewhere, usage_document
from agent_workflow.returned import returned
from agent_workflow.review import ReviewEnded
from agent_workflow.spending import Spending
from agent_workflow.telemetry import execution_logger
from agent_workflow.toolboxes import own_tools
from agent_workflow.tools import load_tools, packaged_tools
from agent_workflow.topics import listed, one_text
from durable_strands import AgentFailed


class Workflow:
    """One pass of one execution.

    Everything outside durable operations happens again on every replay, so it reads no clock, no randomness and no
    state but the request, the deployment and what the durable operations returned.
    """

    def __init__(
        self,
        context: DurableContext,
        request: Request,
        deployment: Deployment,
        *,
        hand_over: HandOver,
        most_bytes: int = RESULT_LIMIT_BYTES,
    ) -> None:
        settings = deployment.settings
        if request.review is None:
            request = request.model_copy(update={"review": settings.review})
        keep_texts_out_of_spans()
        logger = execution_logger(settings, context.execution_context.durable_execution_arn)
        context.set_logger(logger)
        self._context = context
        self._request = request
        self._settings = settings
        self._agents = deployment.agents
        self._boxes = deployment.boxes
        self._bucket = bucket_of(settings.large_results_bucket, settings.large_results_kms_key_arn)
        self._most_bytes = most_bytes
        self._hand_over = hand_over
        budget = smaller_budget(request.budget_usd, settings.budget_ceiling_usd)
        windows = settings.budgets
        spending = Spending(windows, request.tenant, settings.prices) if windows else None
        self._bookkeeper = Bookkeeper(settings, budget, logger, spending)
        serdes = LargeResultsSerDes(self._bucket) if self._bucket else None
        self._flow = Flow(context, request, deployment, self._bookkeeper, serdes)
        if request.review and any(agent.name == "review" for agent in deployment.agents):
            raise InvalidRequest("review must be left out: the result has a text of the agent named review")
        if has_flow(settings.agents_folder):
            refuse_what_the_flow_leaves_out(settings.agents_folder, request)
        else:
            refuse_what_no_flow_does(request)
        bounded = budget is not None or windows is not None
        check_prices(self._agents, self._bookkeeper.ledger, bounded=bounded)

    def run(self) -> Document:
        """Run the flow and give the result.

        Raises:
            AgentFailed: an agent, or the flow itself, failed; its data is the usage so far, as JSON. So is that of
                anything else raised.
            DurableOperationError: the execution that went on failed; type, message and data are those of its error.
        """
        try:
            return self._run()
        except InvokeError as error:
            raise as_it_failed(error) from None  # with the usage of all of them
        except (Exception, BackgroundThreadError) as error:  # noqa: BLE001 - raised again with the usage
            # without the list of calls: an error object is limited far below a result
            self._bookkeeper.enter_unreturned()
            failure = refused_redrive(self._context) or error
            details = failure.details if isinstance(failure, AgentFailed) else {}
            more = {"window": details["window"]} if "window" in details else None
            raise ended(failure, error_data(self._flow.agent_of(error), self._usage(calls=False), more)) from None

    def _run(self) -> Document:
        try:
            document = self._ran()
        except SuspendExecution as suspended:
            document = self._hand_over.to_the_next(suspended)
        return self._hand_over.given_back(document)

    def _ran(self) -> Document:
        run = load_flow(self._settings.agents_folder, self._flow.agents)
        self._check_tools()
        try:
            status, fields = "completed", self._flow.finished(self._returned(run))
        except ReviewEnded as ended_by:
            status, fields = ended_by.status, self._so_far()
        end_redrive(self._context)
        if self._flow.rounds:
            fields = {**fields, "review": self._flow.rounds}
        if self._flow.verdicts:
            fields = {**fields, "verdicts": self._flow.verdicts}
        document = {**completed(self._request, fields, self._usage(calls=True)), "status": status}

        def elsewhere(stored: Document) -> Document:
            return {**completed_elsewhere(self._request, stored, self._usage(calls=False)), "status": status}

        most_bytes = self._hand_over.most_bytes(document, self._most_bytes)
        return returned(self._context, self._bucket, document, elsewhere, most_bytes=most_bytes)

    def _so_far(self) -> dict[str, Any]:
        """What the result has of a flow that a review ended, as the flow would have given it."""
        known = self._flow.answers_so_far()
        fields = {agent: answer if isinstance(answer, str) else one_text(answer) for agent, answer in known.items()}
        topics = [listed(answer) for answer in known.values() if self._request.topics and not isinstance(answer, str)]
        return {**fields, "topics": topics[-1]} if topics else fields

    def _returned(self, run: Run) -> Any:
        """What the author's flow returned; what its own code raised has a type of ours, which callers can match."""
        try:
            return run(self._flow, self._request)
        except DurableExecutionsError:
            raise
        except (Exception, SystemExit) as error:
            self._flow.refuse_to_go_on()
            raise FlowFailed(f"run in flow.py must return, but raised {type(error).__name__}{_line(error)}") from error

    def _check_tools(self) -> None:
        """Before the first call, so that a tool missing from the last agent does not cost the agents before it."""
        if not self._context.is_replaying():
            folder = self._settings.agents_folder
            for agent in self._agents:
                load_tools(folder, own_tools(agent.tools, self._boxes))
                packaged_tools(agent.tools, self._boxes, folder)

    def _usage(self, *, calls: bool) -> Document:
        ledger = self._bookkeeper.ledger
        # each hand-over is a chained invoke, and the execution that it starts
        waits = self._flow.operations + 2 * (self._hand_over.number - 1) + int(self._request.redrive is not None)
        estimates = estimate(ledger.calls, waits=waits, memory_mb=self._settings.memory_mb)
        return usage_document(self._agents, ledger, estimates, calls=calls)


def _line(error: BaseException) -> str:
    """Where in flow.py it was raised, if it was there."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(FILE)]
    return f" in line {lines[-1]}" if lines else ""
