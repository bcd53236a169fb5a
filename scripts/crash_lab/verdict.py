"""What one kill proved: evidence from outside against the undisturbed run. Pure arithmetic over recorded lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scripts.crash_lab.observation import Evidence, model_witness
from scripts.crash_lab.points import KillPoint
from scripts.crash_lab.scenario import Scenario

NOT_COMPARED = {
    "attempts": "a call that was in flight at the kill is tried once more",
    "broken_attempts": "a model call in flight at the kill may have been billed for what nobody counted",
    "latency_ms": "time is measured",
    "deferrals": "a slow machine puts a call off that a fast one makes at once",
    "saved_usd": "follows from the attempts: a kill is what checkpoints save money at",
    "estimates": "follow from attempts and latency",
}
"""Fields of the ledger that differ between two honest runs, and why; every other field must be the same."""


@dataclass(frozen=True)
class Verdict:
    """One point.

    killed_pid: the process that was killed and died, the only one. Default: none was.
    pids: every process that served the execution, in order.
    met: whether the kill hit its moment, as far as the calls can tell.
    completed: witnesses of the calls whose result the engine had before the next process started.
    repeated_completed: those of them that were made again; must be empty.
    repeated_in_flight: calls that had begun, were not completed, and were made once more.
    repeated_too_often: calls made more than twice; must be empty.
    not_made: calls of the scenario that nobody saw; must be empty.
    asked_again: reviews of which people were told with two callback ids, or that must not be; must be empty.
    differences: places in the result or ledger that differ from the undisturbed run.
    failure: why there is no result. Default: there is one.
    """

    point: KillPoint
    killed_pid: int | None
    pids: tuple[int, ...]
    met: bool
    completed: tuple[str, ...]
    repeated_completed: tuple[str, ...]
    repeated_in_flight: tuple[str, ...]
    repeated_too_often: tuple[str, ...]
    not_made: tuple[str, ...]
    asked_again: tuple[str, ...]
    result_identical: bool
    ledger_identical: bool
    differences: tuple[str, ...]
    failure: str | None
    seconds: float

    @property
    def new_process(self) -> bool:
        """Whether the process was killed and only others went on."""
        if self.killed_pid is None:
            return False
        after = self.pids[self.pids.index(self.killed_pid) + 1 :]
        return bool(after) and self.killed_pid not in after

    @property
    def holds(self) -> bool:
        """Whether the point shows what the lab claims."""
        wrong = self.repeated_completed or self.repeated_too_often or self.not_made or self.asked_again or self.failure
        same = self.result_identical and self.ledger_identical
        return self.new_process and self.met and same and not wrong


def judge(point: KillPoint, evidence: Evidence, undisturbed: dict[str, Any], scenario: Scenario) -> Verdict:
    """Compare the evidence of one kill with the result of the undisturbed run."""
    made = times_made(evidence)
    completed = completed_calls(evidence, scenario)
    repeated = [witness for witness, times in made.items() if times > 1]
    differences = differing(undisturbed, evidence.result) if evidence.result is not None else ["no result"]
    of_ledger = [place for place in differences if "usage" in place.split(".")]
    died = [line["pid"] for line in evidence.events if _died(line)]
    in_flight = tuple(witness for witness in repeated if witness not in completed)
    return Verdict(
        point=point,
        killed_pid=died[0] if len(died) == 1 and died == evidence.killed else None,
        pids=tuple(line["pid"] for line in evidence.events if line["event"] == "invocation_started"),
        met=_met(point, completed, in_flight),
        completed=tuple(completed),
        repeated_completed=tuple(witness for witness in repeated if witness in completed),
        repeated_in_flight=in_flight,
        repeated_too_often=tuple(witness for witness, times in made.items() if times > 2),  # noqa: PLR2004
        not_made=tuple(call.witness for call in scenario.calls if not made[call.witness]),
        asked_again=_asked_again(evidence, scenario),
        result_identical=len(differences) == len(of_ledger),
        ledger_identical=evidence.result is not None and not of_ledger,
        differences=tuple(differences),
        failure=evidence.failure,
        seconds=evidence.seconds,
    )


def _met(point: KillPoint, completed: Sequence[str], in_flight: Sequence[str]) -> bool:
    """Whether the calls agree that the process died where it should.

    Before START and right after it nothing can be told: a step at most once has not begun its call then, a step at
    least once may have.
    """
    if point.call is None or (point.action == "START" and point.moment != "during"):
        return True
    return point.call in (completed if point.name.startswith("after SUCCEED") else in_flight)


def times_made(evidence: Evidence) -> Counter[str]:
    """How often each call began, as the model's endpoint and the disk saw it; nothing of this comes from the ledger."""
    made = Counter(model_witness(line) for line in evidence.calls if line["event"] == "started")
    made.update(line["call"] for line in evidence.witness if line["event"] == "started")
    made.update(f"notice:{notice['review']}" for notice in evidence.notices)
    return made


def _asked_again(evidence: Evidence, scenario: Scenario) -> tuple[str, ...]:
    """A notice may be sent twice, for one callback; a second callback would be a second question."""
    asked = Counter(review for review, _ in {(told["review"], told["callback_id"]) for told in evidence.notices})
    return tuple(review for review, callbacks in asked.items() if callbacks > 1 or review not in scenario.reviews)


def completed_calls(evidence: Evidence, scenario: Scenario) -> list[str]:
    """Calls whose SUCCEED the engine had accepted when the process after the killed one started."""
    witnesses = {call.path: call.witness for call in scenario.calls}
    completed: list[str] = []
    killed = False
    for line in evidence.events:
        killed = killed or _died(line)
        if killed and line["event"] == "invocation_started":
            break
        if line["event"] == "operation" and line["action"] == "SUCCEED" and line["operation"] in witnesses:
            completed.append(witnesses[line["operation"]])
    return completed


def differing(one: Any, other: Any, place: str = "") -> list[str]:
    """Places where two results differ, without the fields named in NOT_COMPARED."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = sorted({*one, *other} - (NOT_COMPARED.keys() if place else set()))
        found: list[str] = []
        for name in names:
            inner = f"{place}.{name}".lstrip(".")
            found += differing(one[name], other[name], inner) if name in one and name in other else [inner]
        return found
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [found for index, (a, b) in pairs for found in differing(a, b, f"{place}[{index}]")]
    return [] if one == other and type(one) is type(other) else [place]


def _died(line: dict[str, Any]) -> bool:
    return bool(line["event"] == "invocation_ended" and line["status"] == "died")
