"""What may never happen, counted: words that reached another question, yeses that nobody gave, words lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.e2e.interrupts.people import Outcome
from tests.e2e.interrupts.plans import Plan


@dataclass(frozen=True)
class Counts:
    """Of a whole run.

    misrouted: rounds that ended by a word that was said to another execution or round, and texts made of one.
    approved: executions that completed although their person did not say so of that text.
    lost: executions in whose end a word is missing that their person could say.
    """

    executions: int
    questions: int
    misrouted: int
    approved: int
    lost: int

    def __str__(self) -> str:
        return (
            f"{self.executions} executions, {self.questions} questions: {self.misrouted} misrouted, "
            f"{self.approved} approved by accident, {self.lost} lost"
        )

    @property
    def clean(self) -> bool:
        """Whether none of it happened."""
        return not (self.misrouted or self.approved or self.lost)


def count(plans: Sequence[Plan], outcomes: Mapping[str, Outcome]) -> Counts:
    """Compare what came out with what each person really said."""
    pairs = [(plan, outcomes[plan.name]) for plan in plans]
    return Counts(
        executions=len(plans),
        questions=sum(len(set(outcome.told)) for outcome in outcomes.values()),
        misrouted=sum(_misrouted(plan, outcome) for plan, outcome in pairs),
        approved=sum(_approved_by_accident(plan, outcome) for plan, outcome in pairs),
        lost=sum(_lost(plan, outcome) for plan, outcome in pairs),
    )


def _misrouted(plan: Plan, outcome: Outcome) -> int:
    """Rounds and the report, as far as they hold the words of another person or round."""
    entries = outcome.result.get("review", [])
    strange = sum(not _own(plan, entry) for entry in entries)
    texts = [str(outcome.result.get("report", "")), *map(str, entries)]
    return strange + sum(" of topic" in text and f" of {plan.name}," not in text for text in texts)


def _approved_by_accident(plan: Plan, outcome: Outcome) -> int:
    """Whether the execution went on without its own person's yes, or with another text than that was said of."""
    if outcome.result.get("status") != "completed":
        return 0
    last = outcome.result["review"][-1]
    return int(not _own(plan, last) or outcome.result["report"] != plan.expected(outcome.taken)["report"])


def _own(plan: Plan, entry: Mapping[str, Any]) -> bool:
    """Whether a round was decided by its own person, or by the time being over."""
    return entry["reviewer"] == plan.answer(entry["round"])["reviewer"] or entry.get("reason") == "timed out"


def _lost(plan: Plan, outcome: Outcome) -> int:
    """Whether a word that the API took is not what came out, or nothing came out."""
    expected = plan.expected(outcome.taken)
    got = {name: outcome.result.get(name) for name in expected}
    said_all = not plan.last or len(outcome.taken) == plan.revisions + 1
    if got == expected and said_all:
        return 0
    print(f"{plan}: {outcome.status}, took {outcome.taken}, expected {expected}, got {got}")  # noqa: T201 - shown by -rP
    return 1
