"""The catalogue in figures: a row for each fault, on a screen, as JSON, in docs/faults.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, get_args

from scripts.console.marked_block import write_block
from scripts.fault_catalogue.catalogue import ENTRIES
from scripts.fault_catalogue.entry import SUCCEEDED, End, Entry, Lasts
from scripts.fault_catalogue.run import Tried

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, CRASH_LAB = DOCS / "faults.md", DOCS / "crash-lab.md"
BEGIN, END = "<!-- written by scripts/fault_catalogue.py --record -->", "<!-- end of written -->"


def table(entries: Iterable[Entry] = ENTRIES) -> str:
    """What the catalogue states, as Markdown: a row for each fault, its moments together."""
    lines: list[str] = []
    for family, group in groupby(entries, key=lambda entry: entry.family):
        of_family = list(group)
        spans = [span for span in get_args(Lasts) if any(entry.lasts == span for entry in of_family)]
        lines += [
            "",
            f"### {family}",
            "",
            f"| fault | moments | {' | '.join(spans)} |",
            "|---" * (2 + len(spans)) + "|",
        ]
        faults: dict[str, list[Entry]] = {}
        for entry in of_family:
            faults.setdefault(entry.fault, []).append(entry)
        lines += [_row(fault, of_fault, spans) for fault, of_fault in faults.items()]
    return "\n".join(lines).strip()


def closing_line(results: Sequence[Tried], seconds: float) -> str:
    """The figures of a run in a sentence."""
    held = sum(not result.reasons for result in results)
    succeeded = sum(result.status == SUCCEEDED for result in results)
    paid = sum(result.paid for result in results)
    return (
        f"{held} of {len(results)} entries hold ({len(ENTRIES)} known): {succeeded} executions succeeded, "
        f"{len(results) - succeeded} ended typed; {paid:,} replies paid; {seconds:.0f} s"
    )


def document(results: Sequence[Tried], seconds: float) -> dict[str, Any]:
    """The run as one JSON document."""
    entries = [
        {"name": result.entry.name, **{name: value for name, value in vars(result).items() if name != "number"}}
        for result in results
    ]
    held = sum(not result.reasons for result in results)
    return {
        "tried": len(results),
        "known": len(ENTRIES),
        "held": held,
        "seconds": round(seconds, 1),
        "entries": entries,
    }


def record(results: Sequence[Tried], seconds: float, page: Path = PAGE) -> None:
    """Write the figures and the table into the page.

    Raises:
        NoPlace: the page has lost its marks.
    """
    where = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores"
    figures = f"Faults: {where}: {closing_line(results, seconds)}.\n\nKills ([crash lab](crash-lab.md)): {crashes()}"
    write_block(page, BEGIN, END, f"{figures}\n\n{table()}")


def crashes(page: Path = CRASH_LAB) -> str:
    """The figures of the crash lab's last full run."""
    _, _, figures = page.read_text(encoding="utf-8").partition("--record -->\n")
    return figures.partition("\n")[0]


def _row(fault: str, entries: Sequence[Entry], spans: Iterable[str]) -> str:
    moments = ", ".join(dict.fromkeys(entry.moment for entry in entries))
    ends = [list(dict.fromkeys(_end(entry.end) for entry in entries if entry.lasts == span)) for span in spans]
    return f"| {fault} | {moments} | {' | '.join('; '.join(end) for end in ends)} |"


def _end(end: End) -> str:
    kind = "succeeds" if end.status == SUCCEEDED else f"`{end.status.rpartition('.')[2]}`"
    return f"{kind}, {f'+{end.paid}' if end.paid else '0'}, {end.ledger}"
