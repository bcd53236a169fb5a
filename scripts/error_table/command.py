"""The table of docs/errors.md that says what each code, status and class is taken for, read from the code."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from durable_strands import failure_table
from durable_strands.failure_table import Kind
from scripts.console.marked_block import write_block

PAGE = Path(__file__).resolve().parents[2] / "docs" / "errors.md"
BEGIN, END = "<!-- printed by scripts/error_table.py --write -->", "<!-- end of printed -->"


def table() -> str:
    """The block between the marks, as Markdown."""
    kinds = {kind: None for part in _PARTS for kind in part}
    rows = [_row(kind) for kind in kinds]
    head = [
        "| `ErrorType` | tried again | code in the answer | HTTP status | class of the exception |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*head, *rows])


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/error_table.py", description=__doc__, epilog="exit: 0 done; 2 bad usage"
    )
    parser.add_argument("--write", action="store_true", help="bring docs/errors.md up to date")
    if parser.parse_args(arguments).write:
        write_block(PAGE, BEGIN, END, table())
    else:
        print(table())
    return 0


_PARTS = (failure_table.BY_CODE, failure_table.BY_CLASS, failure_table.BY_STATUS)


def _row(kind: Kind) -> str:
    again = "yes" if kind.retryable else "no"
    return f"| `{kind.__name__}` | {again} | {_codes(kind)} | {_statuses(kind)} | {_classes(kind)} |"


def _codes(kind: Kind) -> str:
    return _quoted(failure_table.BY_CODE.get(kind, ()))


def _classes(kind: Kind) -> str:
    return _quoted((*failure_table.BY_CLASS.get(kind, ()), *failure_table.LAST_RESORT.get(kind, ())))


def _statuses(kind: Kind) -> str:
    found = [str(status) for status in failure_table.BY_STATUS.get(kind, ())]
    if kind is failure_table.OF_A_SERVER:
        found.append("every 5xx")
    if kind is failure_table.OF_A_REQUEST:
        found.append("every other 4xx")
    return ", ".join(found)


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
