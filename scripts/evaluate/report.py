"""An evaluation in figures: a table for each variant, one with the variants side by side, one JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from scripts.console.sentence import say
from scripts.evaluate.run import Answer

SUMS = {"model calls": "model_calls", "USD": "cost_usd", "words": "words", "seconds": "seconds"}
"""Heading -> field of a topic's answer that is added up."""

Document = Mapping[str, Any]


def document(name: str, model: str, answers: Sequence[Answer]) -> dict[str, Any]:
    """One variant as JSON."""
    topics = [answer.document() for answer in answers]
    names = dict.fromkeys(check for topic in topics for check in topic["checks"])
    return {
        "name": name,
        "model": model,
        "passed": all(topic["passed"] for topic in topics),
        # a check that a failed run never came to counts as 0
        "means": {check: fmean(_score(topic, check) for topic in topics) for check in names},
        "topics": topics,
    }


def write_table(variant: Document, console: Console) -> None:
    """The topics of a variant, a column for each check, and what is wrong below."""
    table = _table(f"{variant['name']}: {variant['model']}")
    for heading in ("topic", *variant["means"], "calls", "USD"):
        table.add_column(heading, justify="left" if heading == "topic" else "right", no_wrap=heading == "topic")
    for topic in variant["topics"]:
        cells = [_cell(topic["checks"].get(check)) for check in variant["means"]]
        table.add_row(topic["topic"], *cells, str(topic["model_calls"]), _usd(topic["cost_usd"]))
    console.print(table)
    for topic in variant["topics"]:
        for name, check in topic["checks"].items():
            if not check["passed"]:
                say(console, f"{topic['topic']}: {name}: {check['detail']}", hang=2)


def write_comparison(variants: Sequence[Document], console: Console) -> None:
    """The variants side by side: means of the checks, sums of the rest; of two, what the second has more."""
    table = _table("side by side")
    table.add_column("")
    for variant in variants:
        table.add_column(variant["name"], justify="right")
    pair = len(variants) == 2  # noqa: PLR2004
    if pair:
        table.add_column("difference", justify="right")
    for heading, values in rows_of(variants).items():
        known = [value for value in values if value is not None]
        more = [f"{values[1] - values[0]:+.4g}" if len(known) == len(values) else ""] if pair else []  # type: ignore[operator]
        table.add_row(heading, *("" if value is None else f"{value:.4g}" for value in values), *more)
    console.print(table)


def rows_of(variants: Sequence[Document]) -> dict[str, list[float | None]]:
    """Heading -> a figure for each variant; None where it has none."""
    checks = dict.fromkeys(check for variant in variants for check in variant["means"])
    means = {check: [variant["means"].get(check) for variant in variants] for check in checks}
    passed = {"topics passed": [float(sum(topic["passed"] for topic in each["topics"])) for each in variants]}
    return {**means, **passed, **{heading: [_sum(each, field) for each in variants] for heading, field in SUMS.items()}}


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))


def _sum(variant: Document, field: str) -> float | None:
    values = [topic[field] for topic in variant["topics"]]
    return None if None in values else sum(map(float, values))


def _score(topic: Document, check: str) -> float:
    found = topic["checks"].get(check)
    return float(found["score"]) if found else 0.0


def _cell(check: Document | None) -> str:
    if check is None:
        return "-"
    return f"[{'green' if check['passed'] else 'red'}]{check['score']:.2f}[/]"


def _usd(amount: str | None) -> str:
    return "" if amount is None else f"{float(amount):.4f}"
