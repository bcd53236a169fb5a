"""The dashboard as one picture: every widget at its place, with its lines, axes, marks and legend."""

from __future__ import annotations

import hashlib
import io
import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")  # no display is needed, and none may be there

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from scripts.local_aws.cloudwatch import lines
from scripts.local_aws.cloudwatch.metrics import Metrics
from scripts.rehearse.history import History

Widget = Mapping[str, Any]
Box = tuple[float, float, float, float]
"""Left, bottom, width, height, as parts of the whole."""

COLUMNS = 24
COLUMN, ROW = 0.72, 0.44
"""Inches of a column and of a row of CloudWatch's grid."""

PERIOD = 300
INK, FAINT, PAPER, CARD = "#16191f", "#5f6b7a", "#eef0f2", "#ffffff"
RED, GREEN = "#d62728", "#2ca02c"
CYCLE = ("#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#17becf", "#bcbd22", "#d62728", "#7f7f7f")
MARKED = "Description"


@dataclass(frozen=True)
class _Measured:
    metrics: Metrics
    span: tuple[float, float]
    rang: frozenset[str]
    height: float
    """Of the whole page, in rows."""


def drawn(widgets: Sequence[Widget], history: History, file: Path) -> None:
    """Draw them into a PNG, which remembers of which widgets it is."""
    figure = _figure(widgets, history)
    figure.savefig(file, dpi=72, facecolor=PAPER, metadata={MARKED: digest(widgets), "Software": None})


def as_svg(widgets: Sequence[Widget], history: History) -> str:
    """The same as SVG."""
    out = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "dashboard", "svg.fonttype": "none"}):  # texts stay texts
        _figure(widgets, history).savefig(out, format="svg", facecolor=PAPER, metadata={"Date": None})
    return out.getvalue()[out.getvalue().index("<svg") :]


def digest(widgets: Sequence[Widget]) -> str:
    """Of what is drawn: the same for the same dashboard."""
    return hashlib.sha256(json.dumps(widgets, sort_keys=True).encode()).hexdigest()


def _figure(widgets: Sequence[Widget], history: History) -> Figure:
    metrics = Metrics()
    metrics.put(history.data)
    first = min((datum.at for datum in history.data), default=0) // PERIOD * PERIOD
    last = max((datum.at for datum in history.data), default=PERIOD)
    span = (first, last - last % PERIOD + PERIOD)
    height = max(widget["y"] + widget["height"] for widget in widgets)
    with mpl.rc_context({"font.size": 8, "text.color": INK}):
        figure = Figure(figsize=(COLUMNS * COLUMN, height * ROW), facecolor=PAPER)
        for widget in widgets:
            _place(figure, widget, _Measured(metrics, span, history.rang, height))
    return figure


def _place(figure: Figure, widget: Widget, measured: _Measured) -> None:
    height, (_, inches) = measured.height, figure.get_size_inches()
    left, width = widget["x"] / COLUMNS, widget["width"] / COLUMNS
    bottom, tall = 1 - (widget["y"] + widget["height"]) / height, widget["height"] / height
    gap = 0.06 / inches
    if widget["type"] != "text":
        card = Rectangle((left + 0.002, bottom + gap), width - 0.004, tall - 2 * gap, facecolor=CARD, zorder=-1)
        card.set_transform(figure.transFigure)
        figure.add_artist(card)
    title = widget["properties"].get("title")
    if title:
        figure.text(left + 0.008, bottom + tall - 0.1 / inches, title, weight="bold", va="top", fontsize=9)
    box = (left + 0.012, bottom + gap, width - 0.02, tall - gap - (0.3 / inches if title else 0))
    if widget["type"] == "text":
        _text(figure, widget["properties"]["markdown"], box, width * COLUMNS)
    elif widget["type"] == "alarm":
        _alarms(figure, widget["properties"]["alarms"], box, measured.rang)
    elif widget["type"] == "log":
        _query(figure, widget["properties"]["query"], box, width * COLUMNS)
    elif widget["properties"].get("view") == "singleValue":
        _number(figure, widget["properties"], box, measured)
    else:
        _graph(figure, widget["properties"], box, measured)


def _graph(figure: Figure, properties: Mapping[str, Any], box: Box, measured: _Measured) -> None:
    metrics, span, inches = measured.metrics, measured.span, figure.get_size_inches()
    every = lines.of_widget(properties)
    shown = [(line, given) for line, given in zip(every, properties["metrics"], strict=True) if line.shown]
    legend_rows = -(-len(shown) // 2)
    left, bottom, width, tall = box
    below, beside = (0.24 + 0.15 * legend_rows) / inches[1], 0.42 / inches[0]
    axes = figure.add_axes((left + beside, bottom + below, width - beside, tall - below))
    starts = [span[0] + step * PERIOD for step in range(int((span[1] - span[0]) / PERIOD))]
    any_known = False
    for number, (line, given) in enumerate(shown):
        options = next((word for word in given if isinstance(word, dict)), {})
        values = [lines.value(line, every, metrics, start, PERIOD) for start in starts]
        hours = [(start - span[0]) / 3600 for start in starts]
        known = [(hour, value) for hour, value in zip(hours, values, strict=True) if value is not None]
        any_known = any_known or bool(known)
        axes.plot(
            [hour for hour, _ in known], [value for _, value in known], marker="o", markersize=2.5, linewidth=1,
            color=options.get("color") or CYCLE[number % len(CYCLE)], label=line.label,
        )  # fmt: skip
    for mark in properties.get("annotations", {}).get("horizontal", []):
        axes.axhline(mark["value"], color=mark.get("color", RED), linewidth=1, linestyle="--")
        axes.annotate(
            f"{mark.get('label', '')} {_short(mark['value'], None)}", (1, mark["value"]), fontsize=6.5, ha="right",
            va="bottom", xycoords=("axes fraction", "data"), color=mark.get("color", RED),
        )  # fmt: skip
    axes.set_xlim(0, (span[1] - span[0]) / 3600)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(properties.get("yAxis", {}).get("left", {}).get("label", ""), fontsize=7, color=FAINT)
    axes.tick_params(labelsize=6.5, colors=FAINT, length=2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda hour, _: f"{hour:g} h"))
    axes.yaxis.set_major_formatter(FuncFormatter(_short))
    axes.grid(axis="y", color="#e5e7ea", linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if not any_known:
        axes.text(0.5, 0.5, "no data: nothing of it happened", transform=axes.transAxes, ha="center", color=FAINT)
    axes.legend(
        loc="upper left", bbox_to_anchor=(-beside / (width - beside), -0.24 / inches[1] / (tall - below)), ncols=2,
        fontsize=6.5, frameon=False, borderaxespad=0, handlelength=1, columnspacing=1, labelspacing=0.2,
    )  # fmt: skip


def _number(figure: Figure, properties: Mapping[str, Any], box: Box, measured: _Measured) -> None:
    metrics, span = measured.metrics, measured.span
    every = lines.of_widget(properties)
    for number, line in enumerate(every):
        found = lines.value(line, every, metrics, span[0], int(span[1] - span[0]))
        left = box[0] + box[2] * number / len(every)
        figure.text(
            left, box[1] + box[3] * 0.62, "-" if found is None else _short(found, None), fontsize=17, va="center"
        )
        figure.text(left, box[1] + box[3] * 0.18, line.label, fontsize=7, color=FAINT, va="center")


def _alarms(figure: Figure, arns: Sequence[str], box: tuple[float, float, float, float], rang: frozenset[str]) -> None:
    names = [re.sub(r"^.*:(?:Pipeline(?:Alarms|FrontDoor))?|[0-9A-F]{8}$", "", arn) for arn in arns]
    columns = 9
    for number, name in enumerate(names):
        down, across = divmod(number, columns)
        left, bottom = box[0] + box[2] * across / columns, box[1] + box[3] * (0.55 - 0.45 * down)
        colour = RED if name in rang else GREEN
        figure.text(left, bottom, f"● {name}", color=colour, fontsize=9, weight="bold", va="bottom")


def _text(figure: Figure, markdown: str, box: Box, columns: float) -> None:
    heading, _, rest = markdown.partition("\n")
    size = 15 if heading.startswith("# ") else 12
    top = box[1] + box[3] * 0.92
    figure.text(box[0], top, heading.lstrip("# "), fontsize=size, weight="bold", va="top")
    plain = re.sub(r"\[([^]]*)]\(([^)]*)\)", r"\1 (\2)", rest).replace("**", "").replace("`", "")
    wrapped = "\n".join(textwrap.fill(part, int(columns * 8)) for part in plain.split("\n"))
    figure.text(box[0], top - box[3] * 0.3, wrapped, fontsize=9, va="top", linespacing=1.4)


def _query(figure: Figure, query: str, box: Box, columns: float) -> None:
    told = "\n".join(textwrap.fill(part, int(columns * 8)) for part in query.split("\n") if part)
    figure.text(box[0], box[1] + box[3] * 0.9, f"a table of this query:\n\n{told}", fontsize=7, va="top", color=FAINT)


def _short(value: float, _: object) -> str:
    """`1.5k`, `80M`, `0.02`."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"
