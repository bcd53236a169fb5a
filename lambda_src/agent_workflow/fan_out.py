"""Asks one agent once for each of many, side by side, and keeps the ledger exact whoever fails and whenever."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, DurableOperationError
from aws_durable_execution_sdk_python.config import ChildConfig

from agent_workflow.agent_runs import AgentRuns
from agent_workflow.agents import AgentSpec
from agent_workflow.bookkeeper import Bookkeeper
from agent_workflow.ledger import FAILED
from agent_workflow.questions import Asking
from durable_strands import AgentFailed, Attempt, CallRecord, Observer, Usage, map_agents
from durable_strands.errors import RedriveRefused, rebuild
from durable_strands.live import beyond_calls
from durable_strands.serdes import PlainJson


@dataclass(frozen=True)
class Branch:
    """One of the many: its number, from 1, the name of its operation, and what the agent is asked."""

    number: int
    name: str
    prompt: str


@dataclass(frozen=True)
class Answered:
    """What a branch ended with: a text, or the checked findings of an agent that reads, or the failure of its agent."""

    text: str | None = None
    checked: dict[str, Any] | None = None
    failure: AgentFailed | None = None

    @property
    def error_type(self) -> str | None:
        """Name of the failure's type, which callers match; None of a text."""
        return self.failure.error_type if self.failure else None


class FanOut:
    """The branches of one pass."""

    def __init__(self, runs: AgentRuns, bookkeeper: Bookkeeper, serdes: Any) -> None:
        self._runs = runs
        self._bookkeeper = bookkeeper
        self._serdes = serdes or PlainJson()

    def each(
        self,
        context: DurableContext,
        agent: AgentSpec,
        branches: Sequence[Branch],
        *,
        name: str,
        most: int,
        asking: Asking | None = None,
    ) -> list[Answered]:
        """Ask `agent` in every branch; what each ended with, in order.

        Args:
            context: the durable context.
            agent: whom to ask; its operation has the same name in every branch.
            branches: whom for; the same on every replay.
            name: of the operation above the branches.
            most: branches at the same time.
            asking: how the agent asks another one. Default: it does not.
        """

        def branch(inner: DurableContext, one: Branch, observer: Observer) -> dict[str, Any]:
            return self._branch(inner, agent, one, _Numbered(observer, one.number), asking)

        ended = map_agents(
            context, branches, branch, name=name, observer=self._bookkeeper, max_concurrency=most
        )  # fmt: skip
        answers = [_answered(kept) for kept in ended]
        for one, answer in zip(branches, answers, strict=True):
            if answer.failure is not None:
                self._enter(agent, one, answer.failure)
        failed = sum(answer.failure is not None for answer in answers)
        context.logger.info("agent=<%s>, branches=<%d>, failed=<%d> | branches ended", agent.name, len(ended), failed)
        return answers

    def _branch(
        self, context: DurableContext, agent: AgentSpec, one: Branch, observer: Observer, asking: Asking | None
    ) -> dict[str, Any]:
        ran = []

        def body(child: DurableContext) -> dict[str, Any]:
            ran.append(one.number)
            try:
                answer = self._runs.bare(child, agent, one.prompt, agent.operation, observer, asking=asking)
            except RedriveRefused:
                raise
            except AgentFailed as failure:
                told = [failure.message, failure.error_type, failure.data]
                return {"failure": told, "calls": [call.to_dict() for call in failure.calls]}
            checked = (answer.structured_output or {}).get("checked")
            return {"text": answer.text, "checked": checked, "calls": [call.to_dict() for call in answer.calls]}

        kept = context.run_in_child_context(body, name=one.name, config=ChildConfig(serdes=self._serdes))
        if not ran:  # it ended in an earlier pass, while others went on
            for call in kept["calls"]:
                observer.call_returned(CallRecord.from_dict(call))
        return {name: value for name, value in kept.items() if name != "calls"}

    def _enter(self, agent: AgentSpec, one: Branch, failure: AgentFailed) -> None:
        """Enter what a failed branch spent beyond its finished calls, such as a reply that could not be kept."""
        lost = self._bookkeeper.enter_unreturned(f"{one.number}/")
        for record in beyond_calls(failure, agent.operation, agent.billed_as, lost):
            self._bookkeeper.ledger.add(replace(record, name=f"{one.number}/{FAILED}"))


def _answered(kept: dict[str, Any]) -> Answered:
    if "text" in kept:
        return Answered(text=kept["text"], checked=kept.get("checked"))
    message, error_type, data = kept["failure"]
    return Answered(failure=rebuild(DurableOperationError(message, error_type, data)))


class _Numbered(Observer):
    """Tells another observer of the calls of one branch, by names that no other branch has: `2/model-1`."""

    def __init__(self, observer: Observer, number: int) -> None:
        self._observer = observer
        self._number = number

    def before_model_call(self, agent: str, call: str) -> None:
        self._observer.before_model_call(agent, self._named(call))

    def call_returned(self, record: CallRecord) -> None:
        self._observer.call_returned(replace(record, name=self._named(record.name)))

    def attempt_begins(self, attempt: Attempt) -> None:
        self._observer.attempt_begins(self._renamed(attempt))

    def attempt_ended(self, attempt: Attempt, usage: Usage | None) -> None:
        self._observer.attempt_ended(self._renamed(attempt), usage)

    def call_made(self, record: CallRecord) -> None:
        self._observer.call_made(replace(record, name=self._named(record.name)))

    def attempt_failed(self, agent: str, call: str, attempt: int, error: AgentFailed) -> None:
        self._observer.attempt_failed(agent, self._named(call), attempt, error)

    def call_deferred(self, agent: str, call: str, seconds: int) -> None:
        self._observer.call_deferred(agent, self._named(call), seconds)

    def _renamed(self, attempt: Attempt) -> Attempt:
        return replace(attempt, call=self._named(attempt.call))

    def _named(self, call: str) -> str:
        return f"{self._number}/{call}"
