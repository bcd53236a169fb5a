"""How long calls usually take: the 95th percentile of those that this process made or read from checkpoints."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import TypeVar

from durable_strands.records import CallRecord

_MOST_CALLS = 200
_MOST_KINDS = 500
_SHARE = 0.95

_Kind = tuple[str | None, ...]
Key = TypeVar("Key")
Value = TypeVar("Value")


class UsualTimes:
    """By model, by model and agent, and by tool. A call that is noted again, by a replay, counts once."""

    def __init__(self) -> None:
        self._kinds: OrderedDict[_Kind, OrderedDict[tuple[str, ...], float]] = OrderedDict()
        self._noting = threading.Lock()

    def note(self, record: CallRecord) -> None:
        """Remember what a finished call took; a record that stands for several tells nothing."""
        if record.count != 1 or record.kind not in {"model", "tool"}:
            return
        kinds = _of_model(record.model_id, record.agent) if record.kind == "model" else [_of_tool(record.name)]
        with self._noting:
            for kind in kinds:
                calls = self._kinds.setdefault(kind, OrderedDict())
                calls[record.invocation, record.agent, record.name] = record.latency_ms / 1000
                self._kinds.move_to_end(kind)
                _shorten(calls, _MOST_CALLS)
            _shorten(self._kinds, _MOST_KINDS)

    def of_model(self, model_id: str | None, agent: str) -> float | None:
        """Seconds that a call of this model by this agent takes, the slower of the two; None before the first."""
        return self._longest(_of_model(model_id, agent))

    def of_tool(self, call: str) -> float | None:
        """Seconds that the tool of `call` takes; None before its first call."""
        return self._longest([_of_tool(call)])

    def _longest(self, kinds: Iterable[_Kind]) -> float | None:
        with self._noting:
            return max((percentile(self._kinds[kind].values()) for kind in kinds if kind in self._kinds), default=None)


def percentile(values: Iterable[float], share: float = _SHARE) -> float:
    """The value that `share` of `values` do not exceed, by nearest rank: of fewer than 20 the largest for 0.95."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1]


def _of_model(model_id: str | None, agent: str) -> list[_Kind]:
    return [("model", model_id), ("model", model_id, agent)]


def _of_tool(call: str) -> _Kind:
    """`tool-3-search`, wherever it stands, is a call of `search`."""
    return ("tool", call.rpartition("/")[2].partition("tool-")[2].partition("-")[2])


def _shorten(kept: OrderedDict[Key, Value], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)


usual_times = UsualTimes()
"""Of this process, whatever executions it has seen."""
