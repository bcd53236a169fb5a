"""What helps against a typed error: the rows of docs/errors.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "errors.md"
_CELLS = re.compile(r"\s*(?<!\\)\|\s*")
HELPS = "what helps"


@dataclass(frozen=True)
class Advice:
    """A row: when the error occurs, and what helps."""

    when: str
    helps: str


@cache
def table() -> dict[str, Advice]:
    """Error type -> its row, from every table of the page that says what helps."""
    found: dict[str, Advice] = {}
    heading: list[str] = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            heading = []
            continue
        cells = _CELLS.split(line.strip().strip("|").strip())
        heading = heading or cells
        row = dict(zip(heading, cells, strict=False))
        if HELPS in row and cells is not heading and not set(cells[0]) <= set("-: "):
            found[cells[0].strip("`")] = Advice(row["when"], row[HELPS])
    return found


def of(error_type: str) -> Advice | None:
    """The row of an error type as it stands on the wire, with or without its module."""
    return table().get(error_type.rpartition(".")[2])
