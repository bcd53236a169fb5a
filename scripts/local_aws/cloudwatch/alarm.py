"""An alarm's state by CloudWatch's rules: M out of N datapoints, missing ones as the alarm says."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.local_aws.cloudwatch import lines
from scripts.local_aws.cloudwatch.lines import Line
from scripts.local_aws.cloudwatch.metrics import Metrics

LOOKED_AT_BESIDES = 2
"""Periods before the evaluated ones that CloudWatch also fetches: theirs stand in for missing datapoints."""

BREACHING = {"breaching": True, "notBreaching": False}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}


@dataclass(frozen=True)
class Alarm:
    """One alarm of a template.

    name: by which its maker knows it.
    periods, datapoints: N and M: so many of the latest periods, and how many of them must breach.
    missing: whether a missing datapoint breaches.
    """

    name: str
    lines: tuple[Line, ...]
    threshold: float
    compare: Callable[[float, float], bool]
    periods: int
    datapoints: int
    missing: bool
    description: str

    @classmethod
    def of(cls, name: str, properties: Mapping[str, Any]) -> Alarm:
        """Read its resource.

        Raises:
            ValueError: it treats missing data in a way that is not emulated.
        """
        treatment = properties.get("TreatMissingData", "missing")
        if treatment not in BREACHING:
            raise ValueError(f"TreatMissingData must be {' or '.join(BREACHING)} here, got {treatment!r} of {name}")
        return cls(
            name=name,
            lines=lines.of_alarm(properties),
            threshold=float(properties["Threshold"]),
            compare=COMPARISONS[properties["ComparisonOperator"]],
            periods=properties["EvaluationPeriods"],
            datapoints=properties.get("DatapointsToAlarm", properties["EvaluationPeriods"]),
            missing=BREACHING[treatment],
            description=properties.get("AlarmDescription", ""),
        )

    @property
    def period(self) -> int:
        """Seconds of one datapoint."""
        return max(line.period for line in self.lines)

    def rings(self, metrics: Metrics, at: float) -> bool:
        """Whether it is in ALARM at the end of a period."""
        count = self.periods + LOOKED_AT_BESIDES
        return self.judged([self._value(metrics, at - back * self.period) for back in range(count, 0, -1)])

    def judged(self, values: list[float | None]) -> bool:
        """Whether these datapoints, the oldest first, None where one is missing, are an alarm."""
        found = [value for value in values if value is not None][-self.periods :]
        breaching = sum(self.compare(value, self.threshold) for value in found)
        return breaching + self.missing * (self.periods - len(found)) >= self.datapoints

    def first_rings(self, metrics: Metrics, since: float, until: float) -> float | None:
        """The end of the first period in which it rings; None if it does not."""
        return next((at for at in self._ends(since, until) if self.rings(metrics, at)), None)

    def _ends(self, since: float, until: float) -> Iterator[float]:
        at = since - since % self.period + self.period
        while at <= until + self.period:
            yield at
            at += self.period

    def _value(self, metrics: Metrics, start: float) -> float | None:
        (result,) = (line for line in self.lines if line.shown)
        return lines.value(result, self.lines, metrics, start, self.period)
