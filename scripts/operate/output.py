"""Prints: text that fits its terminal or its pipe, or exactly one JSON document."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from scripts.operate.endings import Unusable

PIPE_COLUMNS = 160
"""Of tables in a file or a pipe, where nothing says how wide it may be."""


def console() -> Console:
    """On stdout; a sentence is broken on a terminal, or where COLUMNS says how wide it is."""
    said = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if said else PIPE_COLUMNS, highlight=False, soft_wrap=not said)


def write_json(document: Any) -> None:
    """The one document of `--json`."""
    print(json.dumps(document, ensure_ascii=False, indent=2, default=_plain))


def plain_json(document: Any) -> str:
    """A document on one line; characters beyond ASCII are escaped, so that no proxy or browser can misread them."""
    return json.dumps(document, default=_plain)


def write_file(file: Path, text: str) -> None:
    """Write what --output names.

    Raises:
        Unusable: it cannot be written.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Unusable(f"--output {file} cannot be written: {error.strerror}") from error


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: frozenset[str] = frozenset()) -> Table:
    """A table without lines, whose cells are broken rather than cut."""
    made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for heading in headings:
        made.add_column(heading, justify="right" if heading in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made


def moment(at: datetime | None) -> str:
    """To the second, in UTC, as CloudWatch shows it."""
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"no JSON for {type(value).__name__}")
