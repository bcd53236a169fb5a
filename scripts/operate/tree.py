"""An execution's operations as rows of a tree: status, duration, tries, tokens, USD. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.table import Table
from rich.text import Text

from scripts.operate import money
from scripts.operate.history import FAILED, RETRYING, RUNNING, SUCCEEDED, TIMED_OUT, Operation
from scripts.operate.output import table
from scripts.operate.verdict import duration

MOST_SIBLINGS, KEPT = 12, 3
"""Of more siblings only those at both ends are shown, and each that did not simply succeed."""

WORDS = {SUCCEEDED: "ok", RETRYING: "retries", FAILED: "FAILED", TIMED_OUT: "TIMED OUT"}
STYLES = {SUCCEEDED: "green", FAILED: "bold red", TIMED_OUT: "bold red", RETRYING: "yellow", RUNNING: "cyan"}
GUIDES, PLAIN_GUIDES = ("├─ ", "└─ ", "│  ", "   "), ("|- ", "`- ", "|  ", "   ")
FIGURES = frozenset({"took", "tries", "tokens", "USD"})


@dataclass(frozen=True)
class Row:
    """One line of the tree; `skipped` operations are summed up in it."""

    guide: str
    operations: Sequence[Operation]
    skipped: bool = False


def drawn(roots: Sequence[Operation], now: datetime, *, every: bool = False, ascii_only: bool = False) -> Table:
    """The tree as a table.

    Args:
        roots: the operations of the flow itself.
        now: end of what has none.
        every: whether long rows of siblings are shown whole. Default: shortened.
        ascii_only: whether the terminal knows no line drawing. Default: it does.
    """
    guides = PLAIN_GUIDES if ascii_only else GUIDES
    found = rows(roots, every=every, guides=guides)
    made = table(("operation", "", "took", "tries", "tokens", "USD"), (), right=FIGURES)
    made.columns[0].overflow = "ellipsis"
    for row in found:
        made.add_row(*_cells(row, now))
    return made


def rows(
    roots: Sequence[Operation], *, every: bool, guides: Sequence[str] = GUIDES, before: str | None = None
) -> Iterator[Row]:
    """The lines of the tree, from the top."""
    branch, end, line, gap = guides
    shown = list(_shown(roots, every=every))
    for index, operations in enumerate(shown):
        is_last = index == len(shown) - 1
        own = "" if before is None else before + (end if is_last else branch)
        yield Row(own, operations, skipped=len(operations) > 1)
        if len(operations) == 1:
            below = "" if before is None else before + (gap if is_last else line)
            yield from rows(operations[0].children, every=every, guides=guides, before=below)


def _shown(siblings: Sequence[Operation], *, every: bool) -> Iterator[Sequence[Operation]]:
    skipped: list[Operation] = []
    for index, operation in enumerate(siblings):
        at_an_end = index < KEPT or index >= len(siblings) - KEPT
        if every or len(siblings) <= MOST_SIBLINGS or at_an_end or operation.status != SUCCEEDED:
            if skipped:
                yield skipped
            skipped = []
            yield [operation]
        else:
            skipped.append(operation)


def _cells(row: Row, now: datetime) -> tuple[Text | str, ...]:
    one = row.operations[0]
    seconds = [operation.seconds(now) for operation in row.operations]
    known = [spent for operation in row.operations if (spent := money.of_operation(operation))]
    spent = sum(known[1:], known[0]) if known else None
    attempts = sum(operation.attempts for operation in row.operations if operation.kind == "Step")
    name = f"... {len(row.operations)} more" if row.skipped else one.name
    return (
        Text(f"{row.guide}{name}"),
        Text(_status(one), STYLES.get(one.status, "")),
        duration(sum(filter(None, seconds))) if any(second is not None for second in seconds) else "",
        str(attempts) if attempts > len(row.operations) else "",
        f"{_tokens(spent):,}" if spent else "",
        money.dollars(spent.usd) if spent else "",
    )


def _status(operation: Operation) -> str:
    if operation.is_open and operation.kind in ("Callback", "Wait"):
        return "waits"
    if operation.taken:
        return "taken"
    word = WORDS.get(operation.status, operation.status)
    return f"{word} {operation.error_type}" if operation.error_type and operation.status != SUCCEEDED else word


def _tokens(spent: money.Spent) -> int:
    return sum(vars(spent.usage).values())
