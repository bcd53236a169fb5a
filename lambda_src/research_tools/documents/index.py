"""A full-text index of documents in one SQLite file: built once for one version of them, only read afterwards."""

import hashlib
import os
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from research_tools.documents.texts import Text, text_of
from research_tools.reading import NotRead

FORMAT = 1
"""Raise when a change here changes what an index holds."""
MOST_DOCUMENTS = 20_000
PASSAGE_CHARACTERS = 1_200
_WORD = re.compile(r"\w+")
_SCHEMA = """
CREATE TABLE documents (
    number INTEGER PRIMARY KEY, path TEXT UNIQUE NOT NULL, title TEXT NOT NULL, has_lines INTEGER NOT NULL,
    has_pages INTEGER NOT NULL
);
CREATE TABLE parts (document INTEGER NOT NULL, part INTEGER NOT NULL, text TEXT NOT NULL, UNIQUE (document, part));
CREATE TABLE unread (path TEXT PRIMARY KEY, reason TEXT NOT NULL);
CREATE VIRTUAL TABLE passages USING fts5 (
    title, text, document UNINDEXED, part UNINDEXED, line UNINDEXED, tokenize = "porter unicode61 remove_diacritics 2"
);
"""


@dataclass(frozen=True)
class Passage:
    """A part of a document's text.

    Attributes:
        path: of the document.
        title: of the document.
        text: the passage.
        line: at which it begins, from 1; None where lines are not those of the file.
        page: of the document, from 1; None where it has none.
        more: where reading goes on, a line or a page; None at the end.
    """

    path: str
    title: str
    text: str
    line: int | None
    page: int | None
    more: int | None = None


def index_file(version: Iterable[str], documents: Iterable[tuple[str, bytes | NotRead]]) -> Path:
    """The index of one version of a set of documents, built unless this machine has it already.

    Args:
        version: what tells one version from another: paths with sizes and times, keys with their tags.
        documents: path and bytes of each, or why it has none; asked for only if the index is built.
    """
    digest = hashlib.sha256("\n".join((str(FORMAT), *version)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    folder = Path(tempfile.gettempdir()) / f"documents-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        folder = Path(tempfile.mkdtemp())  # somebody else's: an index of theirs would be read as ours
    finished = folder / f"{digest}.sqlite"
    if not finished.exists():
        build(finished, documents)
    return finished


def build(finished: Path, documents: Iterable[tuple[str, bytes | NotRead]]) -> None:
    """Build the index in `finished`, whole or not at all, whoever else builds it at the same time."""
    handle, scratch = tempfile.mkstemp(dir=finished.parent, suffix=".building")
    os.close(handle)
    try:
        with closing(sqlite3.connect(scratch, isolation_level=None)) as database:
            database.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_SCHEMA}")
            database.execute("BEGIN")
            for number, (path, data) in enumerate(documents, 1):
                _add(database, number, path, data)
            database.execute("INSERT INTO passages (passages) VALUES ('optimize')")
            database.execute("COMMIT")
        Path(scratch).replace(finished)
    finally:
        Path(scratch).unlink(missing_ok=True)


def _add(database: sqlite3.Connection, number: int, path: str, data: bytes | NotRead) -> None:
    try:
        if isinstance(data, NotRead):
            raise data
        text = text_of(path, data)
    except NotRead as reason:
        database.execute("INSERT INTO unread VALUES (?, ?)", (path, str(reason)))
        return
    row = (number, path, text.title, text.has_lines, text.has_pages)
    database.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?)", row)
    database.executemany("INSERT INTO parts VALUES (?, ?, ?)", ((number, *part) for part in enumerate(text.parts, 1)))
    rows = ((text.title, words, number, part, line) for part, line, words in _passages(text))
    database.executemany("INSERT INTO passages (title, text, document, part, line) VALUES (?, ?, ?, ?, ?)", rows)


def _passages(text: Text) -> Iterator[tuple[int, int, str]]:
    """Part, line of it and words of each passage; a passage ends with a line."""
    for number, part in enumerate(text.parts, 1):
        begin, lines = 1, list[str]()
        for at, line in enumerate(part.split("\n"), 1):
            if lines and sum(map(len, lines)) + len(line) > PASSAGE_CHARACTERS:
                yield number, begin, "\n".join(lines)
                begin, lines = at, []
            lines.append(line)
        if "".join(lines).strip():
            yield number, begin, "\n".join(lines)


class Index:
    """A finished index; a connection for each call, since calls run side by side in threads."""

    def __init__(self, file: Path) -> None:
        self._address = f"{file.resolve().as_uri()}?mode=ro&immutable=1"

    def search(self, query: str, most: int) -> list[Passage]:
        """The passages that fit `query` best, one a document first, at most `most`."""
        words = list(dict.fromkeys(word.lower() for word in _WORD.findall(query)))[:32]
        if not words:
            return []
        sql = (
            "SELECT d.path, d.title, p.text,"
            " CASE WHEN d.has_lines THEN p.line END, CASE WHEN d.has_pages THEN p.part END"
            " FROM (SELECT rowid AS at, bm25(passages, 4.0, 1.0) AS fit FROM passages WHERE passages MATCH ?"
            " ORDER BY fit, rowid LIMIT ?) best"
            " JOIN passages p ON p.rowid = best.at JOIN documents d ON d.number = p.document ORDER BY best.fit, best.at"
        )
        wanted = " OR ".join(f'"{word}"' for word in words)
        return [Passage(*row) for row in self._rows(sql, (wanted, most))]

    def read(self, path: str, start: int, most_characters: int) -> Passage:
        """The text of a document from `start` on, a line or a page.

        Raises:
            NotRead: there is no such document, it could not be read, or it ends before.
        """
        found = self._rows("SELECT number, title, has_lines, has_pages FROM documents WHERE path = ?", (path,))
        if not found:
            reasons = self._rows("SELECT reason FROM unread WHERE path = ?", (path,))
            raise NotRead(reasons[0][0] if reasons else f"there is no document {path}")
        number, title, has_lines, has_pages = found[0]
        part = start if has_pages else 1
        texts = self._rows("SELECT text FROM parts WHERE document = ? AND part = ?", (number, part))
        lines = texts[0][0].split("\n") if texts else []
        rest = lines if has_pages else lines[start - 1 :]
        if not rest:
            raise NotRead(f"{path} ends before {'page' if has_pages else 'line'} {start}")
        text, taken = _cut(rest, most_characters)
        if has_pages:
            last = self._rows("SELECT max(part) FROM parts WHERE document = ?", (number,))[0][0]
            return Passage(path, title, text, None, part, part + 1 if part < last else None)
        more = start + taken if start - 1 + taken < len(lines) else None
        return Passage(path, title, text, start if has_lines else None, None, more)

    def counts(self) -> tuple[int, int]:
        """How many documents it holds, and how many could not be read."""
        documents, unread = self._rows("SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM unread)", ())[0]
        return documents, unread

    def _rows(self, sql: str, values: tuple[object, ...]) -> list[Any]:
        with closing(sqlite3.connect(self._address, uri=True)) as database:
            return database.execute(sql, values).fetchall()


def _cut(lines: list[str], most_characters: int) -> tuple[str, int]:
    """The first lines within so many characters, at least one, and how many they are."""
    taken, size = 0, 0
    while taken < len(lines) and (not taken or size + len(lines[taken]) < most_characters):
        size += len(lines[taken]) + 1
        taken += 1
    return "\n".join(lines[:taken])[:most_characters], taken
