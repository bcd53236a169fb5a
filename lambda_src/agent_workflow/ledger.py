"""What an execution cost and what its checkpoints saved: arithmetic over call records, no SDK, no clock.

A ledger is filled anew on every pass of the handler, replays included, from records that are checkpointed with the
calls themselves. So it is the same after any number of crashes, retries and resumes, and no call is counted twice.

Saved by checkpoints
    What a design without checkpoints would have paid again. There, whatever ends an invocation sends the pipeline back
    to its beginning, so each resume before a call repays every call that had finished by then:

        saved = sum over calls k of (resumes before k) x (cost of the calls that finished before k)

    Resumes before a call are its failed attempts, or one if it is the first call made by a new invocation: after a
    crash between two calls, or after a planned wait. The failed attempts themselves are not counted, since both designs
    pay them; nor are the Lambda seconds of the repeated calls, nor a second crash between the same two calls. So the
    figure is a lower bound, and exact for what it counts.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal

from agent_workflow.prices import ModelPrice
from durable_strands.records import CallRecord, Usage, total_usage, unknown_calls

FAILED = "failed"
"""Kind of the record that stands for the tokens of a call that failed after it was billed."""


@dataclass
class Ledger:
    """The calls of one execution so far, in order, and the prices they are reckoned with."""

    prices: Mapping[str, ModelPrice]
    calls: list[CallRecord] = field(default_factory=list)

    def add(self, call: CallRecord) -> None:
        """Enter a finished call."""
        self.calls.append(call)

    def add_failure(self, agent: str, model_id: str, usage: Usage, unknown: int = 0) -> None:
        """Enter what a failed agent spent beyond its finished calls, such as a reply that could not be kept.

        Args:
            agent: name of the agent's operation.
            model_id: the model it called.
            usage: all known tokens of the agent's run, as its failure tells.
            unknown: how many of its calls cost an unknown number of tokens, as its failure tells. Default: none.
        """
        entered = self.of(agent)
        known = total_usage(entered)
        beyond = Usage(*(max(0, getattr(usage, kind) - getattr(known, kind)) for kind in vars(known)))
        if beyond != Usage():
            self.add(CallRecord(agent, FAILED, FAILED, model_id, beyond))
        for _ in range(unknown - unknown_calls(entered)):
            self.add(CallRecord(agent, FAILED, FAILED, model_id, None))

    def of(self, agent: str) -> list[CallRecord]:
        """The calls of one agent, by the name of its operation."""
        return [call for call in self.calls if call.agent == agent]

    def cost(self, call: CallRecord) -> Decimal | None:
        """USD of one call; 0 for a tool, None for a model without a price or a reply that did not tell its tokens."""
        if call.kind == "tool":
            return Decimal(0)
        price = self.prices.get(call.model_id or "")
        return price.cost(call.usage) if price and call.usage is not None else None

    def spent(self, agent: str | None = None) -> Decimal | None:
        """USD of all calls, or of one agent's; None if a price or the tokens of a call are unknown."""
        return total(self.cost(call) for call in (self.calls if agent is None else self.of(agent)))

    def saved(self, agent: str | None = None) -> Decimal | None:
        """USD saved by checkpoints, in all or before one agent's calls; None if a price it needs is unknown."""
        amounts: list[Decimal | None] = []
        before: Decimal | None = Decimal(0)
        seen: set[str] = set()
        for call in self.calls:
            if agent in (None, call.agent):
                amounts.append(times(resumes(call, seen), before))
            before = total((before, self.cost(call)))
            seen.add(call.invocation)
        return total(amounts)

    def saved_by(self, call: CallRecord) -> Decimal | None:
        """USD saved before one call that is not entered yet; None if a price it needs is unknown."""
        return times(resumes(call, {earlier.invocation for earlier in self.calls}), self.spent())


def resumes(call: CallRecord, seen: AbstractSet[str]) -> int:
    """How often the execution was resumed before this call, as far as its record tells.

    Args:
        call: the call.
        seen: ids of the invocations that made the calls before it. Parallel tools may finish out of order, so it is
            not enough to look at the last one.
    """
    known = seen - {""}
    in_a_new_invocation = bool(call.invocation and known) and call.invocation not in known
    return max(call.attempts - 1, int(in_a_new_invocation))


def total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum; None, never 0, if any amount is unknown."""
    sum_ = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        sum_ += amount
    return sum_


def times(factor: int, amount: Decimal | None) -> Decimal | None:
    """`factor` times the amount; None if it is needed and unknown."""
    if factor == 0:
        return Decimal(0)
    return None if amount is None else factor * amount
