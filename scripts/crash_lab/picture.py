"""The sweep as a picture: a column per durable operation, a row per moment, a colour per outcome."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")  # no display is needed, and none may be there

from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from scripts.crash_lab.report import reasons, rows_of, total
from scripts.crash_lab.sweep import Sweep
from scripts.crash_lab.verdict import Verdict

ROWS = (
    ("START", "before"), ("START", "after"), ("START", "during"), ("RETRY", "before"), ("RETRY", "after"),
    ("SUCCEED", "before"), ("SUCCEED", "after"),
)  # fmt: skip
NONE, ONCE, MORE, BROKEN, UNTRIED = "#b7d9ec", "#fbcf8a", "#f29e3c", "#c81e1e", "#f3f3f3"
INK, FAINT = "#222222", "#8a8a8a"
KEPT_FIRST, KEPT_LAST = "#3f88b5", "#90bfdd"


def draw(sweep: Sweep, file: Path) -> None:
    """Draw the sweep into `file`; the suffix names the format."""
    paths = list(dict.fromkeys(point.path for point in sweep.points))
    with mpl.rc_context({"font.size": 10, "svg.hashsalt": "crash-lab", "text.color": INK}):
        figure = Figure(figsize=(14, 8.2), facecolor="white", layout="constrained")
        kept, grid = figure.subplots(2, 1, sharex=True, height_ratios=(1, 2.4))
        figure.suptitle(_title(sweep), x=0.01, ha="left", fontsize=13, fontweight="bold")
        _draw_kept(kept, sweep, paths)
        _draw_grid(grid, sweep, paths)
        _draw_agents(kept, grid, paths)
        figure.savefig(file, dpi=150, metadata={"Date": None} if file.suffix == ".svg" else None)


def colour_of(verdict: Verdict | None) -> str:
    """Blue: nothing repeated; orange: calls in flight made once more; red: the point does not hold; grey: not tried."""
    if verdict is None:
        return UNTRIED
    if not verdict.holds:
        return BROKEN
    return (NONE, ONCE)[len(verdict.repeated_in_flight)] if len(verdict.repeated_in_flight) < 2 else MORE  # noqa: PLR2004


def _draw_grid(axes: Any, sweep: Sweep, paths: list[str]) -> None:
    tried = {verdict.point: verdict for verdict in sweep.verdicts}
    for point in sweep.points:
        column, row = paths.index(point.path), ROWS.index((point.action, point.moment))
        verdict = tried.get(point)
        axes.add_patch(Rectangle((column - 0.46, row - 0.43), 0.92, 0.86, color=colour_of(verdict), linewidth=0))
        if verdict is not None:
            _write_cell(axes, column, row, verdict)
    axes.set_ylim(len(ROWS) - 0.5, -0.5)
    axes.set_yticks(range(len(ROWS)), [_moment(*row) for row in ROWS])
    names = [path.rpartition("/")[2] for path in paths]
    axes.set_xticks(range(len(paths)), names, rotation=38, ha="right", rotation_mode="anchor")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.legend(handles=_legend(sweep), loc="upper center", bbox_to_anchor=(0.47, -0.31), ncols=5, frameon=False)


def _write_cell(axes: Any, column: int, row: int, verdict: Verdict) -> None:
    text = "✗" if reasons(verdict) else str(len(verdict.repeated_in_flight))
    axes.text(column, row, text, ha="center", va="center", color="white" if reasons(verdict) else INK)


def _draw_kept(axes: Any, sweep: Sweep, paths: list[str]) -> None:
    kept: dict[str, list[int]] = {path: [] for path in paths}
    for verdict in sweep.verdicts:
        kept[verdict.point.path].append(len(verdict.completed))
    bars = axes.bar(range(len(paths)), [max(counts, default=0) for counts in kept.values()], 0.92, color=KEPT_LAST)
    axes.bar(range(len(paths)), [min(counts, default=0) for counts in kept.values()], 0.92, color=KEPT_FIRST)
    axes.bar_label(bars, [_span(counts) for counts in kept.values()], color=INK, padding=2, fontsize=9)
    axes.set_ylabel("calls completed before\nthe first and the last kill", color=INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0, labelleft=False)
    axes.set_xlim(-0.6, len(paths) - 0.4)
    axes.margins(y=0.25)


def _span(counts: list[int]) -> str:
    return " to ".join(str(count) for count in sorted({min(counts), max(counts)})) if counts else ""


def _draw_agents(top: Any, grid: Any, paths: list[str]) -> None:
    agents = [path.partition("/")[0] for path in paths]
    for agent in dict.fromkeys(agents):
        first = agents.index(agent)
        top.text(
            first - 0.46, 1.0, agent.removesuffix("-agent"), transform=top.get_xaxis_transform(), fontweight="bold"
        )
        if first:
            for axes in (top, grid):
                axes.axvline(first - 0.5, color=FAINT, linewidth=0.8)


def _legend(sweep: Sweep) -> list[Patch]:
    entries = [
        (NONE, "0: nothing was repeated"),
        (ONCE, "1: the call in flight was made once more"),
        (MORE, "2, 3: so many calls of a parallel turn were in flight"),
        (BROKEN, "✗: does not hold"),
    ]
    if len(sweep.verdicts) < len(sweep.points):
        entries.append((UNTRIED, "not tried"))
    return [Patch(color=colour, label=label) for colour, label in entries]


def _title(sweep: Sweep) -> str:
    all_ = total(rows_of(sweep.verdicts))
    same = sum(verdict.result_identical and verdict.ledger_identical for verdict in sweep.verdicts)
    return (
        f"{sweep.scenario.name}: SIGKILL at {all_.kills} points of one execution: "
        f"{all_.repeated_completed} completed calls repeated, "
        f"{same} of {all_.kills} with identical result and ledger"
    )


def _moment(action: str, moment: str) -> str:
    return "during the call" if moment == "during" else f"{moment} {action}"
