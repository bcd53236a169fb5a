"""Runs one declared agent durably, and sees that what it cost is in the ledger, however it ends."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from aws_durable_execution_sdk_python import DurableContext

from agent_workflow.agents import AgentSpec
from agent_workflow.bookkeeper import Bookkeeper
from agent_workflow.deployment import Deployment
from agent_workflow.findings import INSTRUCTION, Book, in_words
from agent_workflow.interruptions import notify_of
from agent_workflow.mcp_servers import listed_tools
from agent_workflow.questions import Asking
from agent_workflow.strands_agent import build_agent
from agent_workflow.toolboxes import has_packaged
from agent_workflow.tools import tool_options
from durable_strands import AgentFailed, AgentRun, Limits, Observer, retry_transient, run
from durable_strands.errors import ResultNotKept, UnsafeAgent
from durable_strands.live import beyond_calls
from durable_strands.records import Usage, total_usage, unknown_calls


class AgentRuns:
    """The runs of one pass of one execution."""

    def __init__(self, deployment: Deployment, bookkeeper: Bookkeeper, serdes: Any) -> None:
        self._settings = deployment.settings
        self._agents = deployment.agents
        self._boxes = deployment.boxes
        self._bookkeeper = bookkeeper
        self._serdes = serdes
        self._failures: list[tuple[BaseException, str]] = []

    def one(
        self,
        context: DurableContext,
        agent: AgentSpec,
        prompt: str,
        operation: str,
        asking: Asking | None = None,
        *,
        plain: bool = False,
    ) -> AgentRun:
        """The run of an agent that runs alone.

        Raises:
            AgentFailed: it ended without an answer.
        """
        try:
            answer = self.bare(context, agent, prompt, operation, self._bookkeeper, asking=asking, plain=plain)
        except AgentFailed as failure:
            self.remember(failure, agent)
            self._bookkeeper.enter_unreturned()
            own = [call for call in failure.calls if call.agent == operation]
            beyond = beyond_calls(failure, operation, agent.billed_as)
            usage, unknown = total_usage([*own, *beyond]), unknown_calls([*own, *beyond])
            self._bookkeeper.ledger.add_failure(operation, agent.billed_as, usage, unknown)
            if isinstance(failure, ResultNotKept) and context.is_replaying():
                self._enter_what_came_after(agent)
            # not logger.exception: the messages below the failure may quote texts
            context.logger.error("agent=<%s>, error=<%s> | agent failed", agent.name, failure.error_type)  # noqa: TRY400
            raise
        context.logger.info("agent=<%s>, calls=<%d> | agent finished", agent.name, len(answer.calls))
        return answer

    def _enter_what_came_after(self, lost: AgentSpec) -> None:
        """What earlier passes paid behind a lost result is in checkpoints that this pass does not come to."""
        for later in self._agents[self._agents.index(lost) + 1 :][:1]:
            self._bookkeeper.ledger.add_failure(later.operation, later.billed_as, Usage(), unknown=1)

    def answer(self, context: DurableContext, agent: AgentSpec, prompt: str, operation: str, observer: Observer) -> str:
        """The answer of an agent that another one asks, which goes on without it if it fails.

        Raises:
            AgentFailed: it ended without an answer; what it cost is in its calls.
        """
        try:
            answer = self.bare(context, agent, prompt, operation, observer)
            return in_words(answer.structured_output) if answer.structured_output else answer.text
        except UnsafeAgent:
            raise
        except AgentFailed as failure:
            line = "agent=<%s>, error=<%s> | question not answered"
            context.logger.warning(line, agent.name, failure.error_type)
            failure.calls += tuple(beyond_calls(failure, operation, agent.billed_as))
            failure.cost_is_entered()
            raise

    def bare(
        self,
        context: DurableContext,
        agent: AgentSpec,
        prompt: str,
        operation: str,
        observer: Observer,
        *,
        asking: Asking | None = None,
        plain: bool = False,
    ) -> AgentRun:
        """The run alone, whose calls `observer` sees.

        Raises:
            AgentFailed: it ended without an answer.
        """
        asking = asking and replace(asking, observer=observer)
        arn = context.execution_context.durable_execution_arn
        with listed_tools(context, agent, self._boxes, self._settings.agents_folder, operation) as listed:
            build: Callable[[], Any] = partial(build_agent, agent, self._settings, self._boxes, listed, asking)
            book = Book() if not plain and self.reads(agent) else None
            return run(
                context,
                build if book is None else lambda: book.watch(build()),
                prompt if book is None else f"{prompt}\n\n{INSTRUCTION}",
                name=operation,
                retry=retry_transient(initial_delay_seconds=self._settings.retry_initial_delay_seconds),
                tools=tool_options(agent.tool_options),
                limits=Limits(**agent.limits.chosen()),
                observer=observer,
                usual_seconds=self._settings.usual_seconds,
                tokens_per_minute=self._settings.tokens_per_minute,
                serdes=self._serdes,
                interrupts=notify_of(self._settings, arn, agent, stores=self._serdes is not None),
                structured_output_model=book.model() if book else None,
            )

    def reads(self, agent: AgentSpec) -> bool:
        """Whether the agent has packaged tools, and so answers in findings."""
        return has_packaged(agent.tools, self._boxes)

    def remember(self, failure: AgentFailed, agent: AgentSpec) -> None:
        """Note whose failure this is."""
        self._failures.append((failure, agent.name))

    def agent_of(self, error: BaseException) -> str | None:
        """Name of the agent that failed with this very error; None if none did."""
        return next((name for failure, name in self._failures if failure is error), None)
