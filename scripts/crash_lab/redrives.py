"""The sweep of redrives: from every durable operation of an undisturbed run, no call before it is paid again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from scripts.console.sentence import say
from scripts.crash_lab.observation import Evidence, observe
from scripts.crash_lab.points import as_tree, sample
from scripts.crash_lab.scenario import Scenario
from scripts.crash_lab.stack import LabStack
from scripts.crash_lab.sweep import clean, running, spread, updates
from scripts.crash_lab.verdict import NOT_COMPARED, differing, times_made

OF_A_REDRIVE = NOT_COMPARED.keys() | {"cost_usd", "taken", "taken_calls"}
"""Fields of the ledger that say what was paid here, which a redrive does not."""


@dataclass(frozen=True)
class Redriven:
    """One redrive.

    operation: before which calls were taken.
    taken: calls that the earlier run had completed before the operation began.
    made: calls that were made, as the model's endpoint, the tools and the topic saw them.
    paid_again: calls of `taken` that were made all the same; must be empty.
    wrong: what else is not as it must be; must be empty.
    """

    operation: str
    taken: tuple[str, ...]
    made: tuple[str, ...]
    paid_again: tuple[str, ...]
    wrong: tuple[str, ...]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether nothing was paid twice and the result is that of a whole run."""
        return not self.paid_again and not self.wrong


@dataclass(frozen=True)
class RedriveSweep:
    """A scenario: its operations, and what came of those that were tried."""

    scenario: Scenario
    operations: tuple[str, ...]
    tried: tuple[Redriven, ...]


def sweep_redrives(folder: Path, scenario: Scenario, *, most: int | None, jobs: int) -> RedriveSweep:
    """Redrive an undisturbed run from every operation, or from an even sample of `most`.

    Raises:
        Unusable: the undisturbed run failed or made a call twice.
        ChildDied: a part of a stack ended.
    """
    with running(folder, scenario, jobs) as (stacks, stopping):
        whole = {stack: clean(observe(stack, None, stopping), scenario) for stack in stacks}
        paths = as_tree(list(dict.fromkeys(update["operation"] for update in updates(whole[stacks[0]]))))

        def attempt(stack: LabStack, path: str) -> Redriven:
            earlier = whole[stack]
            redrive = {"execution_arn": str(earlier.execution), "before": path}
            return judge(path, observe(stack, None, stopping, redrive=redrive), earlier, scenario)

        tried = spread(stacks, sample(paths, most), attempt, stopping)
    return RedriveSweep(scenario, tuple(paths), tuple(tried))


def judge(path: str, evidence: Evidence, whole: Evidence, scenario: Scenario) -> Redriven:
    """Compare a redrive with the run that it takes from, by what outsiders saw of both."""
    made, taken = times_made(evidence), completed_before(path, whole, scenario)
    wrong = [f"made more than once: {call}" for call, times in made.items() if times > 1]
    wrong += [evidence.failure] if evidence.failure is not None else []
    if evidence.result is not None and whole.result is not None:
        wrong += [f"differs from the whole run: {place}" for place in _differing(whole.result, evidence.result)]
        replies = sum(made[str(reply["name"])] for reply in scenario.replies)
        wrong += _misreckoned(whole.result["usage"], evidence.result["usage"], replies)
    again = tuple(call for call in taken if made[call])
    return Redriven(path, taken, tuple(made), again, tuple(wrong), evidence.seconds)


def completed_before(path: str, whole: Evidence, scenario: Scenario) -> tuple[str, ...]:
    """Calls that had their checkpoint before an operation began, by the journal alone."""
    witnesses = {call.path: call.witness for call in scenario.calls}
    found: list[str] = []
    for update in updates(whole):
        if update["operation"] == path:
            break
        if update["action"] == "SUCCEED" and update["operation"] in witnesses:
            found.append(witnesses[update["operation"]])
    return tuple(found)


def document(sweeps: Sequence[RedriveSweep], seconds: float) -> dict[str, Any]:
    """The sweeps as JSON: figures first, then every redrive."""
    tried = [each for sweep in sweeps for each in sweep.tried]
    return {
        "operations_known": sum(len(sweep.operations) for sweep in sweeps),
        "operations_tried": len(tried),
        "operations_holding": sum(each.holds for each in tried),
        "calls_taken": sum(len(each.taken) for each in tried),
        "calls_paid_again": sum(len(each.paid_again) for each in tried),
        "seconds": round(seconds, 1),
        "redrives": [
            {"scenario": sweep.scenario.name, **vars(each), "holds": each.holds}
            for sweep in sweeps
            for each in sweep.tried
        ],
    }


def write_lines(sweeps: Sequence[RedriveSweep], seconds: float, console: Console) -> None:
    """Print a line for each operation, and the sweeps in one sentence."""
    for sweep in sweeps:
        for each in sweep.tried:
            told = f"{sweep.scenario.name}: before {each.operation}: {len(each.taken)} taken, {len(each.made)} made"
            wrong = "; ".join((*(f"paid again: {call}" for call in each.paid_again), *each.wrong))
            say(console, f"{told}; does not hold: {wrong}" if wrong else told, style="red" if wrong else "")
    say(console, closing_line(sweeps, seconds))


def closing_line(sweeps: Sequence[RedriveSweep], seconds: float) -> str:
    """The sweeps in one sentence."""
    told = document(sweeps, seconds)
    return (
        f"{told['operations_holding']} of {told['operations_tried']} redrives hold ({told['operations_known']} "
        f"operations known): {told['calls_taken']} calls taken, {told['calls_paid_again']} of them paid again; "
        f"{seconds:.0f} s"
    )


def _differing(whole: Mapping[str, Any], redriven: Mapping[str, Any]) -> list[str]:
    return differing(_without(whole), _without(redriven))


def _without(value: Any) -> Any:
    """A result without what a redrive's ledger has of its own."""
    if isinstance(value, Mapping):
        return {name: _without(each) for name, each in value.items() if name not in OF_A_REDRIVE}
    return [_without(each) for each in value] if isinstance(value, list) else value


def _misreckoned(whole: Mapping[str, Any], redriven: Mapping[str, Any], replies: int) -> list[str]:
    """What the ledger says of model calls that is not so.

    Args:
        whole: usage of the whole run.
        redriven: that of the redrive: a call costs what it did there, or 0 where it says that it was taken.
        replies: how many were made, as the model's endpoint saw it: so many must not be taken.
    """
    prices = {key: call["cost_usd"] for key, call in _model_calls(whole)}
    calls = _model_calls(redriven)
    paid = sum(not call.get("taken") for _, call in calls)
    wrong = [f"{paid} model calls paid by the ledger, {replies} made"] if paid != replies else []
    return wrong + [
        f"cost of {key}: {call['cost_usd']}"
        for key, call in calls
        if call["cost_usd"] != ("0" if call.get("taken") else prices.get(key))
    ]


def _model_calls(usage: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [
        (f"{agent}/{call['name']}", call)
        for agent, run in usage["agents"].items()
        for call in run.get("calls", ())
        if call["kind"] == "model"
    ]
