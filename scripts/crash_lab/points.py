"""Where a process can be killed: before, during and after every durable operation that an undisturbed run showed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from typing import Any, Literal, TypeVar

from scripts.crash_lab.scenario import Scenario

Point = TypeVar("Point")
Moment = Literal["before", "during", "after"]


@dataclass(frozen=True)
class KillPoint:
    """One kill.

    path: the durable operation, names from the root.
    type: STEP, CONTEXT or CALLBACK.
    action: the checkpoint update: START, SUCCEED or RETRY.
    moment: "before" the engine hears of the update; "after" it stored it, but before the function hears so; "during"
        the work between START and SUCCEED.
    call: witness of the call that the operation makes; None where it makes none.
    """

    path: str
    type: str
    action: str
    moment: Moment
    call: str | None = None

    @property
    def name(self) -> str:
        """The point in words, unique in a sweep."""
        return f"during {self.path}" if self.moment == "during" else f"{self.moment} {self.action} of {self.path}"

    @property
    def throttled(self) -> bool:
        """Whether the point needs a model that throttles first: nothing is scheduled again otherwise."""
        return self.action == "RETRY"

    @property
    def kill_rules(self) -> list[dict[str, Any]]:
        """Rules for the Lambda endpoint; none for a kill during a call, which the lab does itself."""
        if self.moment == "during":
            return []
        return [{"operation": escape(self.path), "action": self.action, "moment": self.moment, "times": 1}]


def points_of(
    updates: Iterable[Mapping[str, Any]], throttled_updates: Iterable[Mapping[str, Any]], scenario: Scenario
) -> list[KillPoint]:
    """Every kill point, operation by operation: as a tree, each level in the order of its first update.

    Args:
        updates: the `operation` events of an undisturbed run.
        throttled_updates: those of a run in which one model call was throttled; only its RETRY is taken.
        scenario: whose calls they are.
    """
    witnesses = {call.path: call.witness for call in scenario.calls}
    held = {call.path for call in scenario.calls if call.held}
    kinds: dict[str, str] = {}
    seen: dict[str, list[str]] = {}
    retried = [update for update in throttled_updates if update["action"] == "RETRY"]
    for update in [*updates, *retried]:
        path, action = update["operation"], update["action"]
        kinds[path] = update["type"]
        if action not in seen.setdefault(path, []):
            seen[path].append(action)
    return [
        KillPoint(path, kinds[path], action, moment, witnesses.get(path))
        for path in as_tree(list(seen))
        for action, moment in _moments(seen[path], holds_call=path in held)
    ]


def as_tree(paths: Sequence[str]) -> list[str]:
    """Each path right after its parent and its earlier siblings; parallel branches mix theirs in time."""
    order = {path: number for number, path in enumerate(paths)}

    def place(path: str) -> list[int]:
        parts = path.split("/")
        return [order.get("/".join(parts[:depth]), -1) for depth in range(1, len(parts) + 1)]

    return sorted(paths, key=place)


def _moments(actions: Sequence[str], *, holds_call: bool) -> list[tuple[str, Moment]]:
    found: list[tuple[str, Moment]] = []
    for action in actions:
        found += [(action, "before"), (action, "after")]
        if action == "START" and holds_call:
            found.append((action, "during"))
    return found


def sample(points: Sequence[Point], most: int | None) -> list[Point]:
    """`most` points at even distances, in order; all of them for None or where there are no more."""
    if most is None or most >= len(points):
        return list(points)
    return [points[(2 * number + 1) * len(points) // (2 * most)] for number in range(most)]


def fault_of(point: KillPoint | None, scenario: Scenario) -> dict[str, str]:
    """What the model must do so that the point is met: stall in the middle of its reply, or throttle once."""
    if point is None or point.call is None:
        return {}
    if point.throttled and scenario.throttled is not None:
        return {scenario.throttled: "throttle"}
    by_model = point.call in {reply["name"] for reply in scenario.replies}
    return {point.call: "stall_midstream"} if point.moment == "during" and by_model else {}
