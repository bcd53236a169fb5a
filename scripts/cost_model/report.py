"""The findings for people: tables in a terminal, a block in docs/cost.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from scripts.console.marked_block import write_block
from scripts.cost_model.findings import Findings, rounded, scenario
from scripts.cost_model.measure import Measured
from scripts.cost_model.texts import ASSUMPTIONS

COLUMNS = ("failures", "design", "starts", "model calls", "repaid", "tool runs", "tokens in", "cache read",
           "cache write", "tokens out", "USD", "repaid USD", "ledger")  # fmt: skip
ENDLESS = 1_000
NARROW = ("failures", "design", "model calls", "repaid", "USD", "repaid USD", "ledger")
NARROW_REMARK = "starts, tool runs and tokens: a wider terminal, --json, or docs/cost.md"
LEGEND = (
    "starts: invocations of the function; repaid: replies that had been paid before; tokens in: without those that the "
    "prompt cache read or wrote; "
    "ledger: = where the ledger in the result is exactly what Bedrock served, else what it says"
)
BEGIN, END = "<!-- measured by scripts/cost_model.py --write -->", "<!-- end of measured -->"


def show(findings: Findings, console: Console) -> None:
    """Print a table per story, and what it rests on."""
    stories = findings.stories()
    endless = Console(width=ENDLESS)
    needed = max(endless.measure(_table(title, rows, COLUMNS)).maximum for title, rows in stories.items())
    columns = COLUMNS if needed <= console.width else NARROW
    for title, rows in stories.items():
        console.print(_table(f"{title}, one execution", rows, columns))
        console.print()
    if columns is NARROW:
        console.print(NARROW_REMARK, highlight=False)
    console.print(f"prices: {prices(findings)}", highlight=False)
    console.print(LEGEND, highlight=False)
    for line in ASSUMPTIONS:
        console.print(f"assumed: {line}", highlight=False)


def prices(findings: Findings) -> str:
    """The prices in a sentence."""
    each = [
        f"{model} ${kind['input']} in, ${kind['output']} out, ${kind['cache_read']} read from the cache, "
        f"${kind['cache_write']} written to it"
        for model, kind in findings.prices.items()
    ]
    return f"{'; '.join(each)} per million tokens ({findings.prices_from})"


def write(findings: Findings, page: Path, short: Path) -> None:
    """Replace the measured block of `page`, and that of `short`, which has the one table.

    Raises:
        NoPlace: a page has no such block.
    """
    write_block(page, BEGIN, END, markdown(findings))
    write_block(short, BEGIN, END, summary(findings))


def markdown(findings: Findings) -> str:
    """The measured block: date, prices, a table per story."""
    return "\n".join(_lines(findings))


def summary(findings: Findings) -> str:
    """The one table of both stories, its last column the default's."""
    *designs, default = dict.fromkeys(row.design for row in findings.rows)
    lines = [f"| | {' | '.join(designs)} | **{default}** (here) |", f"|---|{'--:|' * (len(designs) + 1)}"]
    for title, rows in findings.stories().items():
        for name in dict.fromkeys(map(scenario, rows)):
            *others, ours = (rounded(row.bill.usd) for row in rows if scenario(row) == name)
            lines.append(f"| {title}, {name} | {' | '.join(others)} | **{ours}** |")
    return "\n".join(lines)


def _lines(findings: Findings) -> Iterator[str]:
    yield f"Measured on {findings.measured_on}, USD of one execution. Prices: {prices(findings)}."
    for title, rows in findings.stories().items():
        yield from ("", f"### {title[0].upper()}{title[1:]}", "", *_matrix(rows), "", *_details(rows))
    yield from ("", f"{LEGEND[0].upper()}{LEGEND[1:]}.", "", "Assumptions:", "")
    yield from (f"* {line[0].upper()}{line[1:]}." for line in ASSUMPTIONS)


def _matrix(rows: Sequence[Measured]) -> Iterator[str]:
    """Failures down, designs across: the short answer."""
    designs = list(dict.fromkeys(row.design for row in rows))
    yield f"| | {' | '.join(designs)} |"
    yield "|---|" + "--:|" * len(designs)
    for name in dict.fromkeys(map(scenario, rows)):
        yield f"| {name} | {' | '.join(rounded(row.bill.usd) for row in rows if scenario(row) == name)} |"


def _details(rows: Sequence[Measured]) -> Iterator[str]:
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---|---|" + "--:|" * (len(COLUMNS) - 2)
    yield from (f"| {' | '.join(_cells(row))} |" for row in rows)


def _table(title: str, rows: Sequence[Measured], columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    cells = [dict(zip(COLUMNS, _cells(row), strict=True)) for row in rows]
    for column in columns:
        words = column in {"failures", "design"}
        # a narrow terminal may break a line between words, never a word or a figure
        width = max(len(word) for row in cells for word in row[column].split())
        table.add_column(column, justify="left" if words else "right", min_width=width)
    for number, row in enumerate(rows, start=1):
        last = number == len(rows) or rows[number].failures != row.failures
        table.add_row(*(cells[number - 1][column] for column in columns), end_section=last)
    return table


def _cells(row: Measured) -> tuple[str, ...]:
    paid = row.bill
    counts = (row.outcome.invocations, paid.model_calls, paid.repaid_calls, row.tool_runs)
    counted = (paid.input_tokens, paid.cache_read_tokens, paid.cache_write_tokens, paid.output_tokens)
    tokens = (f"{count:,}" for count in counted)
    usd = (rounded(paid.usd), rounded(paid.repaid_usd))
    return (scenario(row), row.design, *map(str, counts), *tokens, *usd, _ledger(row))


def _ledger(row: Measured) -> str:
    if row.ledger_usd is None:
        return "none"
    return "=" if row.ledger_usd == row.bill.usd else rounded(row.ledger_usd)
