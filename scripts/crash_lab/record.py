"""Writes a full sweep into docs/: the picture, and the figures between two marks in crash-lab.md."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from scripts.console.marked_block import write_block
from scripts.crash_lab.picture import draw
from scripts.crash_lab.report import COLUMNS, closing_line, rows_of, total
from scripts.crash_lab.sweep import Sweep
from scripts.local_aws.processes.child import REPOSITORY

PAGE = REPOSITORY / "docs" / "crash-lab.md"
PICTURE = REPOSITORY / "docs" / "pictures" / "crash-lab.svg"
BEGIN = "<!-- figures: written by scripts/crash_lab.py --record -->"
END = "<!-- figures: end -->"


def record(sweep: Sweep, seconds: float, page: Path = PAGE, picture: Path = PICTURE) -> None:
    """Replace the figures in the page and the picture beside it.

    Raises:
        NoPlace: the page has not the two marks.
    """
    write_block(page, BEGIN, END, _figures(sweep, seconds))
    picture.parent.mkdir(exist_ok=True)
    draw(sweep, picture)


def _figures(sweep: Sweep, seconds: float) -> str:
    rows = rows_of(sweep.verdicts)
    where = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores"
    lines = [
        f"{where}: {closing_line(sweep, seconds)}.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"|---|{'---:|' * 4}---|---|",
        *(f"| `{row.operation}` | {' | '.join(row.cells)} |" for row in rows),
        f"| **all** | {' | '.join(f'**{cell}**' for cell in total(rows).cells)} |",
    ]
    return "\n".join(lines)
