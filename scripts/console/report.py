"""Writes what a run produced: the report, the ledger by agent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, JustifyMethod
from rich.markdown import Markdown
from rich.table import Table

from scripts.console.agents_progress import Progress
from scripts.console.models import ModelChoice
from scripts.console.sentence import say

Usage = Mapping[str, Any]
COUNTS = {
    "model calls": "model_calls",
    "attempts": "attempts",
    "tokens in": "input_tokens",
    "tokens out": "output_tokens",
    "cache read": "cache_read_tokens",
    "cache write": "cache_write_tokens",
    "usage unknown": "unknown_calls",
}
"""Heading -> field of the usage; the columns in MAYBE are left out of a run without any."""
MAYBE = ("cache read", "cache write", "usage unknown")


def report_text(result: Any) -> str:
    """The report of a result as Markdown, of a batch one after the other; without one, the status."""
    if not isinstance(result, dict):
        return str(result)
    if isinstance(queries := result.get("queries"), list):
        return "\n\n".join(f"## Query: {each['query']}\n\n{report_text(each)}" for each in queries)
    error = f" with {result['error_type']}" if result.get("error_type") else ""
    return str(result.get("report") or f"status: {result.get('status')}{error}")


def write_report(console: Console, result: Any) -> None:
    """The report: rendered on a terminal, as it is anywhere else."""
    text = report_text(result)
    if console.is_terminal:
        console.print(Markdown(text))
    else:
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def write_ledger(console: Console, usage: Usage | None, progress: Progress, model: ModelChoice) -> None:
    """A row per agent and the total, from the handler's `usage`; seconds from the run itself."""
    if not usage:
        return
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", show_footer=True, footer_style="bold")
    seconds = {name: agent.seconds(0) for name, agent in progress.agents.items()}
    counts = [heading for heading, field in COUNTS.items() if usage.get(field) or heading not in MAYBE]
    rows = [_row(name, agent, counts, seconds.get(name)) for name, agent in usage.get("agents", {}).items()]
    total = _row("total", usage, counts, sum(filter(None, seconds.values())))
    for index, heading in enumerate(("agent", *counts, "seconds", "USD", "saved USD")):
        # a narrow terminal may break a heading, never a figure
        width = max(len(row[index]) for row in (*rows, total))
        justify: JustifyMethod = "left" if heading == "agent" else "right"
        table.add_column(heading, footer=total[index], justify=justify, min_width=width)
    for row in rows:
        table.add_row(*row)
    console.print()
    console.print(table)
    for line in _remarks(usage, model):
        say(console, line)


def _row(name: str, usage: Usage, counts: Sequence[str], seconds: float | None) -> list[str]:
    numbers = [usage.get(COUNTS[heading]) for heading in counts]
    return [
        name,
        *("" if number is None else f"{number:,}" for number in numbers),
        "" if not seconds else f"{seconds:.1f}",
        _usd(usage.get("cost_usd")),
        _usd(usage.get("saved_usd")),
    ]


def _usd(amount: str | None) -> str:
    return "unknown" if amount is None else f"{float(amount):.6f}"


def _of_the_cache(usage: Usage) -> Iterator[str]:
    saved = float(usage.get("cache_saved_usd") or 0)
    if saved > 0:
        yield f"Saved by the prompt cache: {saved:.6f} USD."
    elif saved < 0:
        yield f"The prompt cache cost {-saved:.6f} USD more than it saved: more was written to it than read again."


def _remarks(usage: Usage, model: ModelChoice) -> Iterator[str]:
    yield from _of_the_cache(usage)
    if estimates := usage.get("estimates"):
        yield (
            f"Beside the models, estimated: {estimates['durable_operations']:,} durable operations, "
            f"{estimates['bytes_written']:,} bytes checkpointed, {float(estimates['lambda_gb_seconds']):.1f} GB-s of "
            f"Lambda; in all {_usd(estimates['total_usd'])} USD."
        )
    yield f"Answered by {model.label}. {model.note}"
    if model.is_local and usage.get("cost_usd") is not None:
        priced = {agent.get("model_id") for agent in usage.get("agents", {}).values()}
        yield f"USD: what these tokens would cost on {', '.join(sorted(filter(None, priced)))}; here they were free."
