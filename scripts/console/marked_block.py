"""The block of a page in docs/ that a command writes, between two marks."""

from __future__ import annotations

import re
from pathlib import Path


class NoPlace(ValueError):
    """The page has no block to write into."""


def block(page: Path, begin: str, end: str) -> str:
    """What stands between the marks now.

    Raises:
        NoPlace: the page has not both marks.
    """
    return _parts(page, begin, end)[1]


def write_block(page: Path, begin: str, end: str, text: str) -> None:
    """Replace what stands between the marks by `text`, on lines of its own.

    Raises:
        NoPlace: the page has not both marks.
    """
    before, _, after = _parts(page, begin, end)
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def _parts(page: Path, begin: str, end: str) -> tuple[str, str, str]:
    found = re.search(f"(.*?){re.escape(begin)}(.*?){re.escape(end)}(.*)", page.read_text(encoding="utf-8"), re.DOTALL)
    if found is None:
        raise NoPlace(f"{page.name} must hold a block between {begin!r} and {end!r}, got none")
    return found[1], found[2].strip("\n"), found[3]
