"""What `show` says of an execution: as a document, and as a page of text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.text import Text

from scripts.operate import money
from scripts.operate.history import Operation
from scripts.operate.output import moment
from scripts.operate.reading import Execution
from scripts.operate.tree import drawn
from scripts.operate.verdict import REVIEW, duration, verdict

MEGABYTE = 1_000_000
STATUS_STYLES = {"SUCCEEDED": "bold green", "FAILED": "bold red", "TIMED_OUT": "bold red", "RUNNING": "bold cyan"}


def document(execution: Execution) -> dict[str, Any]:
    """As `--json` prints it; no text is in it, and a callback id only where no command of ours answers."""
    details, history, now = execution.details, execution.history, datetime.now(UTC)
    spent = money.total(details, history)
    return {
        "name": execution.name,
        "arn": execution.arn,
        "status": execution.status,
        "version": details.get("Version"),
        "started": details["StartTimestamp"],
        "ended": details.get("EndTimestamp"),
        "verdict": verdict(details, history, now),
        "error": _error(details),
        "cost": cost_document(spent),
        "agents": {name: cost_document(part) for name, part in money.by_agent(details, history).items()},
        "invocations": history.invocations,
        "operations": [_operation(operation, now) for operation in history.roots],
    }


def page(execution: Execution, *, every: bool = False, ascii_only: bool = False) -> RenderableType:
    """As a terminal shows it."""
    details, history, now = execution.details, execution.history, datetime.now(UTC)
    took = ((details.get("EndTimestamp") or now) - details["StartTimestamp"]).total_seconds()
    head = Text.assemble(
        (execution.name, "bold"), "  ", (execution.status, STATUS_STYLES.get(execution.status, "bold")),
        f"  {duration(took)} since {moment(details['StartTimestamp'])} UTC, version {details.get('Version') or '?'}",
    )  # fmt: skip
    words = Text(verdict(details, history, now), "bold")
    return Group(
        head, Text(), drawn(history.roots, now, every=every, ascii_only=ascii_only), Text(), _sum(execution), words
    )


def write(console: Console, execution: Execution, *, every: bool = False) -> None:
    """Print the page."""
    console.print(page(execution, every=every, ascii_only=console.options.ascii_only))


def cost_document(spent: money.Spent) -> dict[str, Any]:
    """Tokens and USD; `exact` is false where list prices stand in for the execution's own ledger."""
    return {**vars(spent.usage), "usd": None if spent.usd is None else format(spent.usd, "f"), "exact": spent.exact}


def _sum(execution: Execution) -> Text:
    spent = money.total(execution.details, execution.history)
    operations, invocations = sum(1 for _ in execution.history.walk()), execution.history.invocations
    known = "by its own ledger" if spent.exact else "at list prices" if execution.is_over else "so far, at list prices"
    return Text(
        f"{money.dollars(spent.usd)} {known}; {spent.usage.input_tokens:,} tokens in, {spent.usage.output_tokens:,} "
        f"out; {operations:,} operations, {invocations:,} invocations over{_written(execution.history.written)}"
    )


def _written(size: int) -> str:
    """Only where it is a part of Lambda's limit that counts."""
    return f"; {size / MEGABYTE:.1f} of 100 MB of checkpoints" if size >= MEGABYTE else ""


def _error(details: Mapping[str, Any]) -> dict[str, Any] | None:
    error = details.get("Error")
    return {"type": error.get("ErrorType"), "message": error.get("ErrorMessage")} if error else None


def _operation(operation: Operation, now: datetime) -> dict[str, Any]:
    spent = money.of_operation(operation) if operation.model_id else None
    return {
        "name": operation.name,
        "kind": operation.kind.lower(),
        "status": operation.status,
        "started": operation.started,
        "seconds": operation.seconds(now),
        "attempts": operation.attempts,
        "taken": operation.taken,
        "error_type": operation.error_type,
        "retry_at": operation.retry_at,
        "callback_id": None if REVIEW.fullmatch(operation.name) else operation.callback_id,
        "cost": cost_document(spent) if spent else None,
        "operations": [_operation(child, now) for child in operation.children],
    }
