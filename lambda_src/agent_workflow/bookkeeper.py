"""Looks on while the agents run: keeps the ledger and the budget on every pass, emits metrics inside steps."""

import re
from dataclasses import replace
from decimal import Decimal

from aws_lambda_powertools import Logger

from agent_workflow.budget import check_spent
from agent_workflow.ledger import FAILED, Ledger
from agent_workflow.operation_names import branch_of
from agent_workflow.settings import Settings
from agent_workflow.spending import Spending
from agent_workflow.telemetry import emit
from durable_strands.attempts import Attempt
from durable_strands.errors import AgentFailed
from durable_strands.observer import Observer
from durable_strands.outcome import ANSWERS, paid_failure
from durable_strands.records import CallRecord, Usage, total_usage

_OPERATION = re.compile(r"-agent(-[0-9]+)?$")
"""What an operation's name has beyond its agent's: every run of an agent has the dimension of the agent."""


class Bookkeeper(Observer):
    """The observer of one pass of the handler.

    Attributes:
        ledger: the calls of this execution so far.
    """

    def __init__(
        self, settings: Settings, budget: Decimal | None, logger: Logger, spending: Spending | None = None
    ) -> None:
        self.ledger = Ledger(settings.prices)
        self._settings = settings
        self._budget = budget
        self._logger = logger
        self._spending = spending
        self._unreturned: dict[tuple[str, str], CallRecord] = {}

    def before_model_call(self, agent: str, call: str) -> None:
        """End the run once the budget is spent."""
        check_spent(self._budget, self.ledger, agent, call)

    def attempt_begins(self, attempt: Attempt) -> None:
        """Reserve the most it may cost, so that no window is exceeded."""
        if self._spending is not None:
            self._spending.reserve(attempt)

    def attempt_ended(self, attempt: Attempt, usage: Usage | None) -> None:
        """Settle what it cost; a table that cannot be told keeps the reservation, and the call stands."""
        if self._spending is None:
            return
        try:
            self._spending.settle(attempt, usage)
        except AgentFailed as failure:
            line = "agent=<%s>, call=<%s>, attempt=<%d>, error=<%s> | not settled, its reservation stays counted"
            self._logger.warning(line, _agent(attempt.agent), attempt.call, attempt.number, failure.error_type)

    def call_returned(self, record: CallRecord) -> None:
        """Enter the call."""
        self._unreturned.pop((record.agent, record.name), None)
        if record.kind == FAILED:  # it stands for the replies that this run paid for and lost
            branch = branch_of(record.name)
            lost = [key for key in self._unreturned if (key[0], branch_of(key[1])) == (record.agent, branch)]
            for key in lost:
                del self._unreturned[key]
        self.ledger.add(record)

    def call_made(self, record: CallRecord) -> None:
        """Emit what a really made call took."""
        self._unreturned[record.agent, record.name] = record
        if record.kind == "model":
            self._emit_model_call(record)
        else:
            failed = int(record.stop_reason == "error")
            emit(self._settings, {"ToolCalls": 1, "ToolErrors": failed}, Agent=_agent(record.agent))
        if record.deferrals:
            emit(self._settings, {"Deferrals": record.deferrals}, Agent=_agent(record.agent))
        saved = self.ledger.saved_by(record)
        if saved:
            emit(self._settings, {"SavedUSD": saved}, Agent=_agent(record.agent))

    def attempt_failed(self, agent: str, call: str, attempt: int, error: AgentFailed) -> None:
        """Count and log a failed attempt, by its type only: messages may quote what was sent."""
        emit(self._settings, {"Failures": 1}, ErrorType=error.error_type)
        line = "agent=<%s>, call=<%s>, attempt=<%d>, error=<%s> | attempt failed"
        self._logger.warning(line, _agent(agent), call, attempt, error.error_type)

    def call_deferred(self, agent: str, call: str, seconds: int) -> None:
        """Say that a call was put off; outside every step, but once, for what is not put off is said by no replay."""
        self._logger.info("agent=<%s>, call=<%s>, seconds=<%d> | call put off", _agent(agent), call, seconds)

    def enter_unreturned(self, below: str = "") -> Usage:
        """Enter what model calls cost whose replies this pass paid for and then lost: no checkpoint took them.

        Args:
            below: only calls whose names begin so, those of one branch. Default: all.

        Returns:
            Their known tokens.
        """
        lost = [key for key in self._unreturned if key[1].startswith(below)]
        records = [record for key in lost if (record := self._unreturned.pop(key)).kind == "model"]
        for record in records:
            self.ledger.add(replace(record, name=FAILED, kind=FAILED))
        return total_usage(records)

    def _emit_model_call(self, record: CallRecord) -> None:
        agent, cost = _agent(record.agent), self.ledger.cost(record)
        values: dict[str, float | Decimal] = {
            **_tokens(record.usage),
            "ModelLatency": record.latency_ms,
            "ModelCalls": 1,
            "ModelRetries": record.attempts - 1,
        }
        totals: dict[str, float | Decimal] = {"TotalModelCalls": 1}
        if cost is not None:
            values["CostUSD"] = totals["TotalCostUSD"] = cost
        emit(self._settings, values, Agent=agent, Model=record.model_id or "unknown")
        emit(self._settings, totals)
        if record.stop_reason in ANSWERS:
            before = (call for call in self.ledger.of(record.agent) if branch_of(call.name) == branch_of(record.name))
            latency = sum(call.latency_ms for call in before) + record.latency_ms
            emit(self._settings, {"AgentDuration": latency}, Agent=agent)
        # The call succeeds and the agent fails on it afterwards, outside any step, where nothing may be counted.
        if failure := paid_failure(record.stop_reason):
            emit(self._settings, {"Failures": 1}, ErrorType=failure)


def _tokens(usage: Usage | None) -> dict[str, int]:
    if usage is None:
        return {"UsageUnknown": 1}
    return {
        "InputTokens": usage.input_tokens,
        "OutputTokens": usage.output_tokens,
        "CacheReadTokens": usage.cache_read_tokens,
        "CacheWriteTokens": usage.cache_write_tokens,
    }


def _agent(operation: str) -> str:
    return _OPERATION.sub("", operation)
