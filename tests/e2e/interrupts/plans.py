"""What each execution's person really says, what disturbs them, and what must therefore come out. Pure data."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

from tests.e2e.interrupts.attacks import ATTACKS

WORDS = ("approve", "reject", "edit")
SAID = "a writer's text"


@dataclass(frozen=True)
class Plan:
    """One execution.

    name: of the execution, and its query.
    last: what its person says in the end: approve, reject or edit; "" for nothing, until the time is over.
    revisions: how often they send it back first.
    attacks: names of ATTACKS, in the order in which they come before the person speaks, spread over the rounds.
    bound: whether the person's answers name round and digest.
    review: the event's `review`.
    """

    name: str
    last: str = "approve"
    revisions: int = 1
    attacks: tuple[str, ...] = ()
    bound: bool = False
    review: dict[str, Any] = field(default_factory=dict)

    @property
    def event(self) -> dict[str, Any]:
        """What the execution is started with."""
        return {"query": self.name, "review": {"max_rounds": 10, **self.review}}

    def answer(self, round_: int) -> dict[str, Any]:
        """The person's true word in a round; every text of it is found nowhere else."""
        token = f"{self.name}, round {round_}"
        if round_ <= self.revisions:
            return {"decision": "revise", "reviewer": token, "comments": f"comments of {token}"}
        texts = {"edit": {"text": f"edit of {token}"}, "reject": {"reason": f"reason of {token}"}}
        return {"decision": self.last, "reviewer": token, **texts.get(self.last, {})}

    def expected(self, taken: Sequence[int]) -> dict[str, Any]:
        """What of the result the plan decides, if the API took its person's words of these rounds."""
        rounds = [self._listed(number) for number in taken]
        if not self.last:
            decided = {"round": len(taken) + 1, "decision": "reject", "reviewer": None, "reason": "timed out"}
            return {"status": "review_timed_out", "review": [*rounds, decided], "report": None}
        if self.last == "reject":
            return {"status": "rejected", "review": rounds, "report": None}
        comments = self.answer(self.revisions)["comments"] if self.revisions else "nothing"
        written = f"{SAID} about {self.name} after {comments}"
        report = self.answer(self.revisions + 1)["text"] if self.last == "edit" else written
        return {"status": "completed", "review": rounds, "report": report}

    def _listed(self, round_: int) -> dict[str, Any]:
        said = self.answer(round_)
        return {"round": round_, **{name: value for name, value in said.items() if name != "text"}}

    def before(self, round_: int) -> Sequence[str]:
        """The attacks of a round."""
        return self.attacks[round_ - 1 :: self.revisions + 1]


def sample() -> list[Plan]:
    """Few executions in which every attack and every last word comes; two of them run out of time."""
    attacks = cycle(ATTACKS)
    plans = [
        Plan(f"topic {number}", word, number % 3, tuple(islice(attacks, 3)), bound=number % 2 == 0)
        for number, word in enumerate((*WORDS, *WORDS[:2]))
    ]
    return [*plans, *_timed_out()]


def sweep(seed: int) -> list[Plan]:
    """Every attack before every last word, with bound answers and with plain ones, in rounds drawn at random."""
    draw = random.Random(seed)
    found: list[Plan] = []
    for attack, word, bound in _every():
        others = draw.sample(list(ATTACKS), draw.randint(0, 2))
        attacks = draw.sample([attack, *others], 1 + len(others))
        found.append(Plan(f"topic {len(found)}", word, draw.randint(0, 2), tuple(attacks), bound=bound))
    return [*found, *_timed_out()]


def _every() -> Iterator[tuple[str, str, bool]]:
    return ((attack, word, bound) for attack in ATTACKS for word in WORDS for bound in (False, True))


def _timed_out() -> list[Plan]:
    """Nobody speaks: one after an answer that does not count, one after a revision."""
    minute = {"timeout_seconds": 60}
    return [
        Plan("topic 1001", "", 0, ("tampered digest",), review=minute),
        Plan("topic 1002", "", 1, ("late for an earlier question",), review=minute),
    ]
