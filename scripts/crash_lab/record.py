"""Writes a full sweep into docs/: the picture, and the figures between two marks in crash-lab.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from scripts.console.marked_block import write_block
from scripts.crash_lab.picture import draw
from scripts.crash_lab.report import COLUMNS, closing_line, rows_of, total
from scripts.crash_lab.sweep import Sweep
from scripts.local_aws.processes.child import REPOSITORY

PAGE = REPOSITORY / "docs" / "crash-lab.md"
PICTURES = REPOSITORY / "docs" / "pictures"
BEGIN = "<!-- figures: written by scripts/crash_lab.py --record -->"
END = "<!-- figures: end -->"


def record(sweeps: Sequence[Sweep], seconds: float, page: Path = PAGE, pictures: Path = PICTURES) -> None:
    """Replace the figures in the page and the pictures, crash-lab-SCENARIO.svg.

    Raises:
        NoPlace: the page has not the two marks.
    """
    write_block(page, BEGIN, END, _figures(sweeps, seconds))
    pictures.mkdir(exist_ok=True)
    for sweep in sweeps:
        draw(sweep, pictures / f"crash-lab-{sweep.scenario.name}.svg")


def _figures(sweeps: Sequence[Sweep], seconds: float) -> str:
    where = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores"
    return "\n\n".join([f"{where}: {closing_line(sweeps, seconds)}.", *map(_table, sweeps)])


def _table(sweep: Sweep) -> str:
    rows = rows_of(sweep.verdicts)
    lines = [
        f"Scenario `{sweep.scenario.name}`:",
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"|---|{'---:|' * 4}---|---|",
        *(f"| `{row.operation}` | {' | '.join(row.cells)} |" for row in rows),
        f"| **all** | {' | '.join(f'**{cell}**' for cell in total(rows).cells)} |",
    ]
    return "\n".join(lines)
