"""What rehearsals measured, as a file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from scripts.local_aws.cloudwatch.metrics import Datum, MetricId
from scripts.rehearse.scenario import Outcome


@dataclass(frozen=True)
class History:
    """Read back: the data, and the alarms that rang."""

    data: tuple[Datum, ...]
    rang: frozenset[str]


def kept(data: Iterable[Datum], outcomes: Iterable[Outcome]) -> str:
    """As JSON."""
    rows = [[d.metric.namespace, d.metric.name, sorted(d.metric.dimensions), round(d.at, 1), d.value] for d in data]
    rang = sorted({name for outcome in outcomes for name in outcome.rang})
    return json.dumps({"rang": rang, "data": rows}) + "\n"


def read(text: str) -> History:
    """From JSON.

    Raises:
        ValueError: it is none that `kept` wrote.
    """
    try:
        document = json.loads(text)
        data = tuple(
            Datum(MetricId.of(namespace, name, dict(dimensions)), float(at), float(value))
            for namespace, name, dimensions, at, value in document["data"]
        )
        return History(data, frozenset(document["rang"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"it must be what scripts/rehearse.py --metrics wrote: {type(error).__name__}") from error
