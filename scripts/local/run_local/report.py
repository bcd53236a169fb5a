"""Writes what a run produced: the report, the ledger by agent, the crash drill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from scripts.local.progress import Progress
from scripts.local.run_local.models import ModelChoice
from scripts.local.run_local.savings import Drill

Usage = Mapping[str, Any]
COLUMNS = ("agent", "model calls", "attempts", "tokens in", "tokens out", "seconds", "USD")


def write_report(console: Console, result: Any) -> None:
    """The report: rendered on a terminal, as it is anywhere else."""
    text = str(result.get("report") or f"status: {result.get('status')}") if isinstance(result, dict) else str(result)
    if console.is_terminal:
        console.print(Markdown(text))
    else:
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def write_ledger(console: Console, usage: Usage | None, progress: Progress, model: ModelChoice) -> None:
    """A row per agent and the total, from the handler's `usage`; seconds from the run itself."""
    if not usage:
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_footer=True, footer_style="bold")
    seconds = {name: agent.seconds(0) for name, agent in progress.agents.items()}
    rows = [_row(name, agent, seconds.get(name)) for name, agent in usage.get("agents", {}).items()]
    total = _row("total", usage, sum(filter(None, seconds.values())))
    for heading, footer in zip(COLUMNS, total, strict=True):
        table.add_column(heading, footer=footer, justify="left" if heading == "agent" else "right")
    for row in rows:
        table.add_row(*row)
    console.print()
    console.print(table)
    for line in _remarks(usage, model):
        _line(console, line)


def write_drill(console: Console, drill: Drill | None, agent: str, usage: Usage | None) -> None:
    """What was killed, what went on, what was not paid again."""
    console.print()
    if drill is None:
        _line(console, f"Crash drill: {agent} was never checkpointed, so nothing was killed.")
        return
    _line(
        console, f"Crash drill: process {drill.killed_pid} was killed (SIGKILL) after {drill.operation}'s checkpoint."
    )
    if drill.resumed_pid is None:
        _line(console, "No process resumed the execution.")
        return
    _line(console, f"Process {drill.resumed_pid} resumed the execution {drill.pause_seconds:.1f} s later.")
    saved_usd = (usage or {}).get("saved_usd")
    repeated = sum(drill.repeated_calls.values())
    _line(console, f"{', '.join(drill.repeated_calls)}: replayed from checkpoints, {repeated} model calls.")
    _line(
        console,
        f"Saved by checkpoints: {drill.saved_calls} model calls, {drill.saved_input_tokens:,} input and "
        f"{drill.saved_output_tokens:,} output tokens, {drill.saved_seconds:.1f} s of waiting for the model"
        + (f", {float(saved_usd):.6f} USD." if saved_usd else "."),
    )


def _line(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _row(name: str, usage: Usage, seconds: float | None) -> list[str]:
    counts = [usage.get(key) for key in ("model_calls", "attempts", "input_tokens", "output_tokens")]
    return [
        name,
        *("" if count is None else f"{count:,}" for count in counts),
        "" if not seconds else f"{seconds:.1f}",
        _usd(usage.get("cost_usd")),
    ]


def _usd(amount: str | None) -> str:
    return "unknown" if amount is None else f"{float(amount):.6f}"


def _remarks(usage: Usage, model: ModelChoice) -> Iterator[str]:
    yield f"Answered by {model.label}. {model.note}"
    if model.is_local and usage.get("cost_usd") is not None:
        priced = {agent.get("model_id") for agent in usage.get("agents", {}).values()}
        yield f"USD: what these tokens would cost on {', '.join(sorted(filter(None, priced)))}; here they were free."
