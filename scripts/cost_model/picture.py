"""The findings as bars: what an execution costs in each design, and how much of that is paid again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.cost_model.designs import DESIGNS
from scripts.cost_model.findings import Findings, scenario
from scripts.cost_model.measure import FAILURES, Measured

COLOURS = dict(zip((design.name for design in DESIGNS), ("#8a8f98", "#e0912f", "#1f7a5c", "#6fc3a2"), strict=True))
WIDTH = 0.21


def draw(findings: Findings, file: Path) -> None:
    """Draw the findings into `file`; its ending decides the format.

    Raises:
        ValueError: no picture format has this ending.
        OSError: the file cannot be written.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    figure = Figure(figsize=(12, 4.6), dpi=150, layout="constrained")
    stories = findings.stories()
    for axes, (title, rows) in zip(figure.subplots(1, len(stories)), stories.items(), strict=True):
        _panel(axes, title, rows)
    again = Patch(facecolor="white", edgecolor="#444444", hatch="////", label="of that, paid again")
    handles = [*(Patch(facecolor=colour, label=name) for name, colour in COLOURS.items()), again]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
    figure.suptitle(
        f"What one execution pays for its model calls (measured {findings.measured_on}, {findings.prices_from})",
        fontsize=11,
    )
    figure.savefig(file, metadata={"Software": None} if file.suffix == ".png" else None)


def _panel(axes: Any, title: str, rows: Sequence[Measured]) -> None:
    for row in rows:
        place = FAILURES.index(row.failures) + (list(COLOURS).index(row.design) - (len(COLOURS) - 1) / 2) * WIDTH
        _bar(axes, place, row)
    labels = [scenario(row) for row in rows[:: len(COLOURS)]]
    axes.set_xticks(range(len(FAILURES)), labels)
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axes.set_ylabel("USD, one execution")
    axes.margins(y=0.12)
    axes.tick_params(axis="x", length=0)
    axes.spines[["top", "right"]].set_visible(False)


def _bar(axes: Any, place: float, row: Measured) -> None:
    again, once = float(row.bill.repaid_usd), float(row.bill.usd - row.bill.repaid_usd)
    colour = COLOURS[row.design]
    axes.bar(place, once, WIDTH * 0.92, color=colour)
    axes.bar(place, again, WIDTH * 0.92, bottom=once, facecolor="white", edgecolor=colour, hatch="////", linewidth=1)
    axes.annotate(
        f"${row.bill.usd:.3f}", (place, once + again), (0, 3), textcoords="offset points", ha="center", fontsize=6
    )
