"""The text of a document: Markdown and plain text as they are, HTML without its markup, PDF page by page."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from io import BytesIO
from pathlib import PurePosixPath

from research_tools.reading import NotRead

MOST_BYTES = 50_000_000
"""Of one document; a larger one is not read, and the model is told."""
MOST_PAGES = 2_000
_SILENT = frozenset({"script", "style", "template", "noscript", "svg"})
_BLOCKS = frozenset(
    {
        *("address", "article", "blockquote", "br", "dd", "div", "dt", "figcaption", "footer", "h1", "h2", "h3", "h4"),
        *("h5", "h6", "header", "hr", "li", "main", "p", "pre", "section", "td", "th", "title", "tr"),
    }
)


@dataclass(frozen=True)
class Text:
    """A document's text.

    Attributes:
        title: its own, or the name of its file.
        parts: its pages, or all of it as one.
        has_lines: whether its lines are those of the file, so that a place in it is a line.
        has_pages: whether its parts are pages.
    """

    title: str
    parts: tuple[str, ...]
    has_lines: bool = False
    has_pages: bool = False


def text_of(path: str, data: bytes) -> Text:
    """The text of a document.

    Args:
        path: its path, whose ending says what it is.
        data: its bytes.

    Raises:
        NotRead: it is of no kind that can be read, too large, broken, encrypted, or empty.
    """
    name = PurePosixPath(path)
    if len(data) > MOST_BYTES:
        raise NotRead(f"{path} has {len(data):,} bytes; a document may have at most {MOST_BYTES:,}")
    reader = READERS.get(name.suffix.lower())
    if reader is None:
        raise NotRead(f"{path} must end with one of {', '.join(READERS)}")
    found = reader(name.stem, data)
    if not any(part.strip() for part in found.parts):
        raise NotRead(f"{path} holds no text")
    return found


def _plain(name: str, data: bytes) -> Text:
    return Text(name, (_decoded(data),), has_lines=True)


def _markdown(name: str, data: bytes) -> Text:
    text = _decoded(data)
    heading = re.search(r"^#{1,2}[ \t]+(.+?)[ \t#]*$", text, re.MULTILINE)
    return Text(heading[1] if heading else name, (text,), has_lines=True)


def _html(name: str, data: bytes) -> Text:
    page = _Page()
    page.feed(_decoded(data))
    page.close()
    lines = (" ".join(line.split()) for line in "".join(page.said).splitlines())
    return Text(" ".join("".join(page.title).split()) or name, ("\n".join(line for line in lines if line),))


def _pdf(name: str, data: bytes) -> Text:
    from pypdf import PdfReader

    try:
        document = PdfReader(BytesIO(data))
        pages = tuple(page.extract_text() for page in document.pages[:MOST_PAGES])
        title = document.metadata.title if document.metadata else None
    except Exception as error:
        # pypdf raises what it meets: its own errors, those of zlib, KeyError, RecursionError
        raise NotRead(f"{name}.pdf is broken or encrypted ({type(error).__name__})") from error
    return Text(title or name, pages, has_pages=True)


READERS: Mapping[str, Callable[[str, bytes], Text]] = {
    **dict.fromkeys((".md", ".markdown"), _markdown),
    **dict.fromkeys((".txt", ".text", ".rst"), _plain),
    **dict.fromkeys((".html", ".htm"), _html),
    ".pdf": _pdf,
}
"""Ending of a file's name -> how it is read."""


def _decoded(data: bytes) -> str:
    text = data.decode("utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _Page(HTMLParser):
    """What a page says, without what a browser does not show."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.title: list[str] = []
        self._silent = 0
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._silent += tag in _SILENT
        self._in_title = self._in_title or tag == "title"
        if tag in _BLOCKS:
            self.said.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in _SILENT))
        self._in_title = self._in_title and tag != "title"
        if tag in _BLOCKS:
            self.said.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title.append(data)
        elif not self._silent:
            self.said.append(data)
