"""Writes a full sweep into docs/: the picture, and the figures between two marks in crash-lab.md."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

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
        ValueError: the page has not the two marks.
    """
    text = page.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise ValueError(f"{page.name} must hold the two marks of its figures, got none")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n{_figures(sweep, seconds)}\n{END}{after}", encoding="utf-8")
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
