"""The rows for people: a table in a terminal, a block in docs/benchmarks.md."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scripts.bench.machine import machine, today, versions
from scripts.bench.row import Row
from scripts.console.marked_block import block, write_block

BEGIN, END = "<!-- measured by scripts/bench.py --write -->", "<!-- end of measured -->"
HEAD = ("| name | what | value | target | how | on |", "|---|---|--:|--:|---|---|")
WIDE_COLUMNS = 140
NAME = re.compile(r"\| ([a-z0-9-]+) \|")


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the table; a narrow terminal wraps the words, never a figure, and leaves out how each was measured."""
    wide = console.width >= WIDE_COLUMNS
    table = Table(title=f"{machine()}, {today()}", title_justify="left")
    for column in ("name", "what", "value", "target", *(["how"] if wide else [])):
        number = column in {"value", "target"}
        table.add_column(column, justify="right" if number else "left", no_wrap=number, overflow="fold")
    for row in rows:
        style = {None: "", True: "green", False: "red"}[row.met]
        cells = (row.name, row.what, f"[{style}]{value(row)}[/]" if style else value(row), target(row), row.how)
        table.add_row(*cells[: len(table.columns)])
    console.print(table)
    if not wide:
        console.print(f"how each was measured: {WIDE_COLUMNS} columns or more, --json, or docs/benchmarks.md")


def write(rows: Sequence[Row], page: Path, order: Mapping[str, int]) -> None:
    """Put the rows into the measured block of `page`; rows that were not measured now stay as they are.

    Args:
        rows: measured now.
        page: a Markdown file.
        order: benchmark -> its place; a row belongs to the longest benchmark name that its own starts with.

    Raises:
        NoPlace: the page has no such block.
    """
    found = block(page, BEGIN, END)
    kept = {match[1]: line for line in found.splitlines() if (match := NAME.match(line)) and match[1] != "name"}
    lines = kept | {row.name: _line(row) for row in rows}
    sorted_ = sorted(lines, key=lambda name: _place(name, order))
    tools = ", ".join(f"{name} {number}" for name, number in versions().items())
    table = [f"{machine()}; {tools}.", "", *HEAD, *(lines[name] for name in sorted_)]
    write_block(page, BEGIN, END, "\n".join(table))


def value(row: Row) -> str:
    """The figure with its unit: three significant digits, none invented for a count."""
    number = f"{row.value:,.0f}" if row.value == int(row.value) or row.value >= 100 else f"{row.value:.3g}"  # noqa: PLR2004
    return f"{number}{row.unit}" if row.unit == "x" else f"{number} {row.unit}"


def target(row: Row) -> str:
    """The target, or a dash."""
    if row.target is None:
        return "-"
    return f"at most {row.target:g}{'' if row.met else ' (missed)'}"


def _line(row: Row) -> str:
    return f"| {row.name} | {row.what} | {value(row)} | {target(row)} | {row.how} | {today()} |"


def _place(name: str, order: Mapping[str, int]) -> int:
    return min((place for benchmark, place in order.items() if name.startswith(benchmark)), default=len(order))
