"""Metrics as CloudWatch keeps them: values by name and dimensions, read as one statistic of one period."""

from __future__ import annotations

import statistics
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class MetricId:
    """Which metric."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str] | None = None) -> MetricId:
        """With its dimensions by name."""
        return cls(namespace, name, frozenset((dimensions or {}).items()))


@dataclass(frozen=True)
class Datum:
    """One value that was put, at a time in epoch seconds."""

    metric: MetricId
    at: float
    value: float


@dataclass
class Metrics:
    """What was put so far."""

    _values: defaultdict[MetricId, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))

    def put(self, data: Iterable[Datum]) -> None:
        """Take them in."""
        for datum in data:
            self._values[datum.metric].append((datum.at, datum.value))
        for values in self._values.values():
            values.sort()

    def known(self) -> frozenset[MetricId]:
        """Those of which there is a value."""
        return frozenset(self._values)

    def statistic(self, metric: MetricId, name: str, start: float, seconds: float) -> float | None:
        """One statistic of the values of a period; None where there is no value.

        Raises:
            ValueError: it is none of CloudWatch's simple ones, nor a percentile.
        """
        values = self._values.get(metric, [])
        part = values[bisect_left(values, (start,)) : bisect_left(values, (start + seconds,))]
        return _reading(name)([value for _, value in part]) if part else None


def _reading(name: str) -> Callable[[list[float]], float]:
    simple: dict[str, Callable[[list[float]], float]] = {
        "Sum": sum,
        "Average": statistics.fmean,
        "Minimum": min,
        "Maximum": max,
        "SampleCount": len,
    }
    if name in simple:
        return simple[name]
    if name.startswith("p") and name[1:].replace(".", "", 1).isdigit():
        return lambda values: _percentile(values, float(name[1:]))
    raise ValueError(f"a statistic must be {', '.join(simple)} or p0 to p100, got {name!r}")


def _percentile(values: list[float], percent: float) -> float:
    """Between the two nearest values, by their distance."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
