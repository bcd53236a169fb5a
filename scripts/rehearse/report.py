"""What rehearsals came to, as a table and as a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from scripts.rehearse.scenario import Outcome

MINUTE, HOUR, DAY = 60, 3600, 86_400


def table(outcomes: Sequence[Outcome]) -> Table:
    """A row for each."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("alarm", "provoked by", "rang, at the latest after", "message", "found by", ""):
        made.add_column(heading)
    for outcome in outcomes:
        scenario = outcome.scenario
        found = f"command {outcome.found_by} of {outcome.commands}" if outcome.found_by else ""
        rang = ", ".join(f"{name} {span(after)}" for name, after in outcome.rang.items()) or "none"
        verdict = Text("does not hold", "bold red") if outcome.reasons else Text("holds", "green")
        made.add_row(scenario.name, scenario.cause, rang, "arrived" if outcome.delivered else "", found, verdict)
    return made


def closing_line(outcomes: Sequence[Outcome], seconds: float) -> str:
    """The figures in a sentence."""
    held = sum(not outcome.reasons for outcome in outcomes)
    arrived = sum(outcome.delivered is not None for outcome in outcomes)
    most = max((outcome.found_by or 0 for outcome in outcomes), default=0)
    return (
        f"{held} of {len(outcomes)} rehearsals hold; {arrived} messages arrived; "
        f"{most} commands at most until the cause is named; {seconds:.0f} s"
    )


def document(outcomes: Sequence[Outcome], seconds: float) -> dict[str, Any]:
    """The run as one JSON document."""
    return {
        "held": sum(not outcome.reasons for outcome in outcomes),
        "seconds": round(seconds, 1),
        "rehearsals": [
            {
                "name": outcome.scenario.name,
                "cause": outcome.scenario.cause,
                "rang": dict(outcome.rang),
                "message": outcome.delivered,
                "found_by": outcome.found_by,
                "commands": outcome.commands,
                "seconds": round(outcome.seconds, 1),
                "reasons": list(outcome.reasons),
            }
            for outcome in outcomes
        ],
    }


def span(seconds: float) -> str:
    """`5 min`, `1 h`, `1 d`."""
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
