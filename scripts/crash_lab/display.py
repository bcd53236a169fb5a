"""The progress bar of a sweep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from scripts.crash_lab.sweep import Progress
from scripts.crash_lab.verdict import Verdict


class Display(Progress):
    """Moves a bar; a point that does not hold stays as a line above it."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._points = 0
        self._task = bars.add_task("undisturbed run", total=None)

    def planned(self, scenario: str, points: int) -> None:
        self._points += points
        self._bars.update(self._task, total=self._points, description=f"killing {scenario}")

    def tried(self, verdict: Verdict) -> None:
        if not verdict.holds:
            self._bars.console.print(f"does not hold: {verdict.point.name}", style="red", markup=False, emoji=False)
        self._bars.update(self._task, advance=1, description=verdict.point.name.replace("research-agent/", ""))


@contextmanager
def display_on(console: Console) -> Iterator[Display]:
    """A bar on the console while the block runs."""
    columns = (
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Bars(*columns, console=console) as bars:
        yield Display(bars)
