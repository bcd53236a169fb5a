"""Whether an execution ended as its entry states, and whether what it paid and reported is true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from scripts.fault_catalogue.entry import CALLS, Entry, Ledger
from scripts.fault_catalogue.pipeline import PRICE, Observed

_MILLION = 1_000_000


@dataclass(frozen=True)
class Verdict:
    """An entry, what was seen, and what of it breaks the entry or the rules.

    Attributes:
        entry: the entry.
        observed: what was seen.
        reasons: why it does not hold; empty if it does.
    """

    entry: Entry
    observed: Observed
    reasons: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether it holds."""
        return not self.reasons


def judge(entry: Entry, observed: Observed) -> Verdict:
    """Compare."""
    return Verdict(entry, observed, tuple(_reasons(entry, observed)))


def ledger_of(observed: Observed) -> Ledger:
    """What the usage says of itself."""
    usage = observed.usage
    if usage is None:
        return "none"
    if usage["cost_usd"] is None:
        return "unknown"
    return "lower bound" if usage.get("broken_attempts") else "exact"


def served(observed: Observed) -> Decimal:
    """USD of every reply that the model wrote."""
    tokens = [(Decimal(usage["inputTokens"]), Decimal(usage["outputTokens"])) for _, usage in observed.paid]
    price = Decimal(PRICE["input"]), Decimal(PRICE["output"])
    return sum(((into * price[0] + out * price[1]) / _MILLION for into, out in tokens), Decimal(0))


def _reasons(entry: Entry, observed: Observed) -> Iterator[str]:
    end = entry.end
    if observed.status != end.status:
        yield f"ended {observed.status}, stated {end.status}"
    if len(observed.paid) != entry.paid:
        yield f"paid {len(observed.paid)} replies, stated {entry.paid}"
    if (told := ledger_of(observed)) != end.ledger:
        yield f"the ledger is {told}, stated {end.ledger}"
    yield from _untrue(observed)
    yield from _bought_twice(entry, observed)


def _untrue(observed: Observed) -> Iterator[str]:
    """The rules for every entry: what is called exact is so, and nothing else claims to be."""
    told, true = ledger_of(observed), served(observed)
    if told in {"none", "unknown"} or observed.usage is None:
        return
    cost = Decimal(observed.usage["cost_usd"])
    if told == "exact" and cost != true:
        yield f"the ledger says {cost} USD, the endpoint served {true}"
    if told == "lower bound" and cost > true:
        yield f"the ledger says at least {cost} USD, the endpoint served {true}"


def _bought_twice(entry: Entry, observed: Observed) -> Iterator[str]:
    """The other rule: a call that was answered whole is not made again, unless the engine lost its reply."""
    for call, times in Counter(observed.whole).items():
        lost = entry.end.paid if entry.family == "engine" and CALLS.index(call) == entry.where else 0
        if times > 1 + lost:
            yield f"{call[0]}, turn {call[1]}, was answered whole {times} times"
