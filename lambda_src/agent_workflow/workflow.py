"""The order of things: one agent after the other, each in its durable operation, and the wait between."""

import json
from functools import partial
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, SerDesError, StepContext, StepError
from aws_durable_execution_sdk_python.config import Duration, StepConfig
from aws_durable_execution_sdk_python.exceptions import BackgroundThreadError

from agent_workflow.agents import AgentSpec
from agent_workflow.bookkeeper import Bookkeeper
from agent_workflow.budget import check_prices, smaller_budget
from agent_workflow.deployment import Deployment
from agent_workflow.endings import ended, error_data
from agent_workflow.estimates import estimate
from agent_workflow.inputs import QUERY, compose
from agent_workflow.large_results import Bucket, LargeResultsSerDes, folder_of, too_large
from agent_workflow.privacy import keep_texts_out_of_spans
from agent_workflow.request import Request
from agent_workflow.result import Document, completed, completed_elsewhere, usage_document
from agent_workflow.store_faults import StoreFault
from agent_workflow.strands_agent import build_agent
from agent_workflow.telemetry import execution_logger
from agent_workflow.tools import load_tools, tool_options
from durable_strands import AgentFailed, AgentRun, Limits, retry_transient, run
from durable_strands.errors import ResultNotKept, ResultTooLarge, rebuild
from durable_strands.records import Usage
from durable_strands.serdes import compact

DEMO_WAIT = Duration.from_seconds(10)


class Workflow:
    """One pass of one execution.

    Everything outside `durable_strands.run` and `context.wait` happens again on every replay, so it reads no clock, no
    randomness and no state but the request, the deployment and what the durable operations returned.
    """

    def __init__(self, context: DurableContext, request: Request, deployment: Deployment) -> None:
        settings = deployment.settings
        keep_texts_out_of_spans()
        logger = execution_logger(settings, context.execution_context.durable_execution_arn)
        context.set_logger(logger)
        self._context = context
        self._request = request
        self._settings = settings
        self._agents = deployment.agents
        self._waits = 0
        self._failed: str | None = None
        name = settings.large_results_bucket
        self._bucket = Bucket(name, settings.large_results_kms_key_arn) if name else None
        self._serdes = LargeResultsSerDes(self._bucket) if self._bucket else None
        budget = smaller_budget(request.budget_usd, settings.budget_ceiling_usd)
        self._bookkeeper = Bookkeeper(settings, budget, logger)
        check_prices(budget, self._agents, self._bookkeeper.ledger)

    def run(self) -> Document:
        """Run every agent and give the result.

        Raises:
            AgentFailed: an agent failed; its data is the usage so far, as JSON. So is that of anything else raised.
        """
        try:
            return self._run()
        except (Exception, BackgroundThreadError) as error:  # noqa: BLE001 - raised again with the usage
            # without the list of calls: an error object is limited far below a result
            self._bookkeeper.enter_unreturned()
            raise ended(error, error_data(self._failed, self._usage(calls=False))) from None

    def _run(self) -> Document:
        self._check_tools()
        texts = {QUERY: self._request.query}
        for agent in self._agents:
            if self._request.demo_checkpoint and agent is self._agents[-1]:
                self._wait()
            texts[agent.name] = self._answer(agent, compose(agent.inputs, texts)).text
        document = completed(self._request, self._agents, texts, self._usage(calls=True))
        return self._stored(document) if too_large(document) else document

    def _check_tools(self) -> None:
        """Before the first call, so that a tool missing from the last agent does not cost the agents before it."""
        if not self._context.is_replaying():
            for agent in self._agents:
                load_tools(self._settings.agents_folder, agent.tools)

    def _stored(self, document: Document) -> Document:
        bucket = self._bucket
        if bucket is None:
            raise ResultTooLarge("a result above 6 MB needs large_results, which this deployment left out")
        folder = folder_of(self._context.execution_context.durable_execution_arn)

        def store(_: StepContext) -> dict[str, Any]:
            try:
                return vars(bucket.put(compact(json.dumps(document, ensure_ascii=False)), folder))
            except StoreFault as fault:
                failure = ResultNotKept(str(fault))
                failure.retryable = fault.passes
                raise failure from fault

        try:
            # Six tries over about a minute, suspended in between; nothing is bought again by them.
            stored = self._context.step(store, name="store-result", config=StepConfig(retry_transient(max_attempts=6)))
        except StepError as error:
            failure = rebuild(error)
            failure.data = json.dumps({"agent": None, "usage": self._usage(calls=False)})
            raise failure from error
        except SerDesError as error:
            raise ResultNotKept(str(error)) from error
        return completed_elsewhere(self._request, stored, self._usage(calls=False))

    def _wait(self) -> None:
        self._context.wait(DEMO_WAIT, name="demo-checkpoint")
        self._waits += 1

    def _answer(self, agent: AgentSpec, prompt: str) -> AgentRun:
        try:
            answer = run(
                self._context,
                partial(build_agent, agent, self._settings),
                prompt,
                name=agent.operation,
                retry=retry_transient(initial_delay_seconds=self._settings.retry_initial_delay_seconds),
                tools=tool_options(agent.tool_options),
                limits=Limits(**agent.limits.chosen()),
                observer=self._bookkeeper,
                serdes=self._serdes,
            )
        except AgentFailed as failure:
            self._account_for(failure, agent)
            raise
        self._context.logger.info("agent=<%s>, calls=<%d> | agent finished", agent.name, len(answer.calls))
        return answer

    def _account_for(self, failure: AgentFailed, agent: AgentSpec) -> None:
        self._failed = agent.name
        self._bookkeeper.enter_unreturned()
        ledger = self._bookkeeper.ledger
        ledger.add_failure(agent.operation, agent.model, failure.usage, failure.unknown_calls)
        if self._context.is_replaying():
            # what earlier passes paid for the agents after it is in checkpoints that this pass does not come to
            for later in self._agents[self._agents.index(agent) + 1 :][:1]:
                ledger.add_failure(later.operation, later.model, Usage(), unknown=1)
        self._context.logger.error("agent=<%s>, error=<%s> | agent failed", agent.name, failure.error_type)

    def _usage(self, *, calls: bool) -> Document:
        ledger = self._bookkeeper.ledger
        estimates = estimate(ledger.calls, waits=self._waits, memory_mb=self._settings.memory_mb)
        return usage_document(self._agents, ledger, estimates, calls=calls)
