"""What helps against a typed error: the rows of docs/errors.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "errors.md"
_CELLS = re.compile(r"\s*(?<!\\)\|\s*")
_LINK = re.compile(r"\[([^]]+)\]\(([^)]+)\)")
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
            found[cells[0].strip("`")] = Advice(_read(row["when"]), _read(row[HELPS]))
    return found


def _read(cell: str) -> str:
    """As a terminal shows it: a link to a page beside docs/errors.md as its path."""
    return _LINK.sub(lambda link: f"docs/{link[2]}" if link[2].endswith(".md") else link[1], cell)


def of(error_type: str) -> Advice | None:
    """The row of an error type as it stands on the wire, with or without its module."""
    return table().get(error_type.rpartition(".")[2])
