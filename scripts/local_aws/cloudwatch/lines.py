"""What an alarm watches and a graph draws: metrics and expressions of them, read from a template's own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.local_aws.cloudwatch.metric_math import value_of
from scripts.local_aws.cloudwatch.metrics import MetricId, Metrics

FIVE_MINUTES = 300


@dataclass(frozen=True)
class Line:
    """A metric with its statistic, or an expression.

    id: by which an expression names it; "" if none does.
    label: what a graph calls it.
    shown: whether it is the result, or only part of one.
    right: whether a graph has it on its second axis.
    """

    id: str
    metric: MetricId | None = None
    statistic: str = "Average"
    expression: str = ""
    period: int = FIVE_MINUTES
    label: str = ""
    shown: bool = True
    right: bool = False


def value(line: Line, lines: Iterable[Line], metrics: Metrics, start: float, period: int) -> float | None:
    """A line's value in one period; None where it has none.

    Args:
        line: which.
        lines: all that its expression may name.
        metrics: what was put.
        start: of the period, epoch seconds.
        period: its seconds.
    """
    if line.metric is not None:
        return metrics.statistic(line.metric, line.statistic, start, period)
    named = {other.id: other for other in lines if other.id and other.id != line.id}
    return value_of(
        line.expression,
        {name: value(other, named.values(), metrics, start, period) for name, other in named.items()},
    )


def of_alarm(properties: Mapping[str, Any]) -> tuple[Line, ...]:
    """Those of an alarm's resource, in either form of CloudFormation."""
    if "Metrics" not in properties:
        names = {each["Name"]: each["Value"] for each in properties.get("Dimensions", [])}
        metric = MetricId.of(properties["Namespace"], properties["MetricName"], names)
        statistic = properties.get("Statistic") or properties["ExtendedStatistic"]
        return (Line("", metric, statistic, period=properties["Period"]),)
    return tuple(_of_query(query) for query in properties["Metrics"])


def of_widget(properties: Mapping[str, Any]) -> tuple[Line, ...]:
    """Those of a dashboard's graph; its own period and statistic stand for what a line leaves out."""
    found: list[Line] = []
    before: list[Any] = []
    for given in properties.get("metrics", []):
        words = [word for word in given if isinstance(word, str)]
        options: Mapping[str, Any] = next((word for word in given if isinstance(word, dict)), {})
        # "." repeats the word above it, "..." all but the last
        words = [*before[: len(before) - len(words) + 1], *words[1:]] if words[:1] == ["..."] else words
        words = [before[at] if word == "." else word for at, word in enumerate(words)]
        before = words or before
        found.append(_drawn(words, options, properties))
    return tuple(found)


def _drawn(words: Sequence[str], options: Mapping[str, Any], properties: Mapping[str, Any]) -> Line:
    metric = None
    if words:
        namespace, name, *rest = words
        metric = MetricId.of(namespace, name, dict(zip(rest[::2], rest[1::2], strict=True)))
    return Line(
        id=options.get("id", ""),
        metric=metric,
        statistic=options.get("stat") or properties.get("stat", "Average"),
        expression=options.get("expression", ""),
        period=options.get("period") or properties.get("period", FIVE_MINUTES),
        label=options.get("label", ""),
        shown=options.get("visible", True),
        right=options.get("yAxis") == "right",
    )


def _of_query(query: Mapping[str, Any]) -> Line:
    shown = query.get("ReturnData", True)
    if "Expression" in query:
        period = query.get("Period", FIVE_MINUTES)
        return Line(
            query["Id"],
            expression=query["Expression"],
            period=period,
            label=query.get("Label", ""),
            shown=shown,
        )
    stat = query["MetricStat"]
    names = {each["Name"]: each["Value"] for each in stat["Metric"].get("Dimensions", [])}
    metric = MetricId.of(stat["Metric"]["Namespace"], stat["Metric"]["MetricName"], names)
    return Line(
        query["Id"],
        metric,
        stat["Stat"],
        period=stat["Period"],
        label=query.get("Label", ""),
        shown=shown,
    )
