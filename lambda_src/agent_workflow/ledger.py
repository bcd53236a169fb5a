"""What an execution cost, and what its checkpoints and its prompt cache saved: arithmetic over call records.

No SDK, no clock.

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

Saved by caching
    What the same calls would have cost more with every input token at the plain price: reads are cheaper than that,
    writes dearer. Below 0 where more was written than was read again.

Taken calls
    A redrive takes the results of calls that an earlier execution paid. Their tokens are known here, their cost is 0,
    and what they would have cost is saved.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal

from agent_workflow.prices import ModelPrice
from durable_strands.records import FAILED, CallRecord, Usage

__all__ = ["FAILED", "Ledger", "resumes", "times", "total"]


@dataclass
class _Account:
    """Running sums over some calls; None once an amount they need is unknown."""

    calls: list[CallRecord] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    unknown: int = 0
    spent: Decimal | None = field(default_factory=Decimal)
    saved: Decimal | None = field(default_factory=Decimal)
    saved_by_caching: Decimal | None = field(default_factory=Decimal)

    def add(
        self, call: CallRecord, cost: Decimal | None, saved: Decimal | None, saved_by_caching: Decimal | None
    ) -> None:
        self.calls.append(call)
        if call.usage is None:
            self.unknown += call.count
        else:
            self.usage += call.usage
        self.spent = total((self.spent, cost))
        self.saved = total((self.saved, saved))
        self.saved_by_caching = total((self.saved_by_caching, saved_by_caching))


class Ledger:
    """The calls of one execution so far, in order, and the prices they are reckoned with.

    Entering a call and asking for a sum take the same time whatever the number of calls. Branches that run side by side
    may enter calls at once.
    """

    def __init__(self, prices: Mapping[str, ModelPrice], calls: Iterable[CallRecord] = ()) -> None:
        self.prices = prices
        self._all = _Account()
        self._agents: dict[str, _Account] = {}
        self._invocations: set[str] = set()
        self._entering = threading.Lock()
        for call in calls:
            self.add(call)

    @property
    def calls(self) -> Sequence[CallRecord]:
        """Every call entered so far, in order."""
        return self._all.calls

    @property
    def agents(self) -> Sequence[str]:
        """Names of the operations of agents that have calls, in the order of their first."""
        return tuple(self._agents)

    def add(self, call: CallRecord) -> None:
        """Enter a finished call."""
        with self._entering:
            cost, saved, by_caching = self.cost(call), self.saved_by(call), self._saved_by_caching(call)
            for account in (self._all, self._account(call.agent)):
                account.add(call, cost, saved, by_caching)
            self._invocations |= {call.invocation} - {""}

    def add_failure(self, agent: str, model_id: str, usage: Usage, unknown: int = 0) -> None:
        """Enter what a failed agent spent beyond its finished calls, such as a reply that could not be kept.

        Args:
            agent: name of the agent's operation.
            model_id: the model it called.
            usage: all known tokens of the agent's run, as its failure tells.
            unknown: how many of its calls cost an unknown number of tokens, as its failure tells. Default: none.
        """
        known = self._account(agent)
        beyond = Usage(*(max(0, getattr(usage, kind) - getattr(known.usage, kind)) for kind in vars(usage)))
        if beyond != Usage():
            self.add(CallRecord(agent, FAILED, FAILED, model_id, beyond))
        for _ in range(unknown - known.unknown):
            self.add(CallRecord(agent, FAILED, FAILED, model_id, None))

    def of(self, agent: str) -> Sequence[CallRecord]:
        """The calls of one agent, by the name of its operation."""
        return self._agents[agent].calls if agent in self._agents else ()

    def cost(self, call: CallRecord) -> Decimal | None:
        """USD of one call; 0 for a tool or a taken call, None for a model without a price or with unknown tokens."""
        return Decimal(0) if call.taken else self.price(call)

    def price(self, call: CallRecord) -> Decimal | None:
        """The same, whoever has paid it."""
        if call.kind == "tool":
            return Decimal(0)
        price = self.prices.get(call.model_id or "")
        return price.cost(call.usage) if price and call.usage is not None else None

    def spent(self, agent: str | None = None) -> Decimal | None:
        """USD of all calls, or of one agent's; None if a price or the tokens of a call are unknown."""
        return self._of(agent).spent

    def saved(self, agent: str | None = None) -> Decimal | None:
        """USD saved by checkpoints, in all or before one agent's calls; None if a price it needs is unknown."""
        return self._of(agent).saved

    def saved_by_caching(self, agent: str | None = None) -> Decimal | None:
        """USD saved by the prompt cache, in all or in one agent's calls; None if a price it needs is unknown."""
        return self._of(agent).saved_by_caching

    def saved_by(self, call: CallRecord) -> Decimal | None:
        """USD saved before one call that is not entered yet, or by taking it; None if a price it needs is unknown."""
        return self.price(call) if call.taken else times(resumes(call, self._invocations), self._all.spent)

    def _saved_by_caching(self, call: CallRecord) -> Decimal | None:
        if call.usage is not None and call.usage == call.usage.uncached():
            return Decimal(0)
        price = self.prices.get(call.model_id or "")
        return price.saved_by_caching(call.usage) if price and call.usage is not None else None

    def _of(self, agent: str | None) -> _Account:
        return self._all if agent is None else self._agents.get(agent, _Account())

    def _account(self, agent: str) -> _Account:
        return self._agents.setdefault(agent, _Account())


def resumes(call: CallRecord, seen: AbstractSet[str]) -> int:
    """How often the execution was resumed before this call, as far as its record tells.

    Args:
        call: the call. A record that stands for several does not tell what lay between them.
        seen: ids of the invocations that made the calls before it. Parallel tools may finish out of order, so it is
            not enough to look at the last one.
    """
    if call.count > 1:
        return 0
    in_a_new_invocation = bool(call.invocation and seen) and call.invocation not in seen
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
