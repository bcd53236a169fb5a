"""The whole sweep: an undisturbed run, then one kill after the other, on one or two stacks side by side."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from scripts.crash_lab.observation import Evidence, observe
from scripts.crash_lab.points import KillPoint, points_of, sample
from scripts.crash_lab.scenario import Scenario
from scripts.crash_lab.stack import LabStack
from scripts.crash_lab.verdict import Verdict, judge, times_made

Point = TypeVar("Point")
Tried = TypeVar("Tried")


class Unusable(RuntimeError):
    """The undisturbed run already went wrong, so nothing can be compared with it."""


@dataclass(frozen=True)
class Sweep:
    """What came out.

    scenario: of what.
    points: every kill point that the undisturbed run showed, tried or not.
    verdicts: of the tried ones, in the order of the points.
    undisturbed: the handler's result without a kill.
    """

    scenario: Scenario
    points: tuple[KillPoint, ...]
    verdicts: tuple[Verdict, ...]
    undisturbed: dict[str, Any]


class Progress:
    """Told how far the sweep is; this one says nothing."""

    def planned(self, scenario: str, points: int) -> None:
        """So many points of a scenario will be tried."""

    def tried(self, verdict: Verdict) -> None:
        """One more was."""


def run_sweep(folder: Path, scenario: Scenario, *, most: int | None, jobs: int, progress: Progress) -> Sweep:
    """Try every kill point, or an even sample of `most`, and judge each.

    Args:
        folder: where logs and evidence go.
        scenario: what is killed.
        most: how many points. Default of the command: all.
        jobs: stacks that work at the same time.
        progress: told how far it is.

    Raises:
        Unusable: the undisturbed run failed or made a call twice.
        ChildDied: a part of a stack ended.
    """
    with running(folder, scenario, jobs) as (stacks, stopping):
        undisturbed = clean(observe(stacks[0], None, stopping), scenario)
        throttled = observe(stacks[0], None, stopping, throttled=True) if scenario.throttled else Evidence()
        points = points_of(updates(undisturbed), updates(throttled), scenario)
        chosen = sample(points, most)
        progress.planned(scenario.name, len(chosen))
        result = undisturbed.result or {}

        def attempt(stack: LabStack, point: KillPoint) -> Verdict:
            verdict = judge(point, observe(stack, point, stopping), result, scenario)
            progress.tried(verdict)
            return verdict

        verdicts = spread(stacks, chosen, attempt, stopping)
    return Sweep(scenario, tuple(points), tuple(verdicts), result)


@contextmanager
def running(folder: Path, scenario: Scenario, jobs: int) -> Iterator[tuple[list[LabStack], threading.Event]]:
    """So many stacks, each with a folder of its own, and what tells their observers to stop."""
    with ExitStack() as ending:
        folders = [folder / f"{scenario.name}-{number}" for number in range(1, jobs + 1)]
        stacks = [ending.enter_context(LabStack(each, scenario)) for each in folders]
        stopping = threading.Event()
        ending.callback(stopping.set)
        yield stacks, stopping


def spread(
    stacks: Sequence[LabStack],
    points: Sequence[Point],
    attempt: Callable[[LabStack, Point], Tried],
    stopping: threading.Event,
) -> list[Tried]:
    """What `attempt` gives for each point, in their order, on one stack or another."""
    waiting: queue.SimpleQueue[tuple[int, Point]] = queue.SimpleQueue()
    for item in enumerate(points):
        waiting.put(item)
    tried: dict[int, Tried] = {}

    def work(stack: LabStack) -> None:
        while not stopping.is_set():
            try:
                number, point = waiting.get_nowait()
            except queue.Empty:
                return
            tried[number] = attempt(stack, point)

    with ThreadPoolExecutor(len(stacks), thread_name_prefix="stack") as pool:
        try:
            futures = [pool.submit(work, stack) for stack in stacks]
            done = wait(futures, return_when=FIRST_EXCEPTION).done
            for future in done:
                future.result()
        finally:
            stopping.set()  # after an error or Ctrl-C the other stack must not go on to the end
    return [tried[number] for number in sorted(tried)]


def clean(evidence: Evidence, scenario: Scenario) -> Evidence:
    """The evidence of an undisturbed run, if every call was made once and is a durable step.

    Raises:
        Unusable: it went wrong already.
    """
    made = times_made(evidence)
    wrong = [call.witness for call in scenario.calls if made[call.witness] != 1]
    if evidence.failure is not None:
        raise Unusable(f"{scenario.name}: the undisturbed run gave no result: {evidence.failure}")
    if wrong or len(made) != len(scenario.calls):
        raise Unusable(f"{scenario.name}: every call of the undisturbed run must be made once, got {dict(made)}")
    succeeded = {update["operation"] for update in updates(evidence) if update["action"] == "SUCCEED"}
    if bare := [call.path for call in scenario.calls if call.path not in succeeded]:
        # without a checkpoint of its own a call would never count as completed, and its repetition as harmless
        raise Unusable(f"{scenario.name}: every call must be a durable step, got none named {bare[0]}")
    return evidence


def updates(evidence: Evidence) -> list[dict[str, Any]]:
    """The checkpoint updates that the engine accepted."""
    return [line for line in evidence.events if line["event"] == "operation"]
