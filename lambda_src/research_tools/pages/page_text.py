"""Title and readable text of a page, by resiliparse."""

from email.message import Message
from urllib.parse import urlsplit

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import bytes_to_str, detect_encoding
from resiliparse.parse.html import HTMLTree

from research_tools.pages.guarded_http import Fetched, PageRefused
from research_tools.reading import Reading

HTML = frozenset({"text/html", "application/xhtml+xml"})
PLAIN = frozenset({"text/plain", "text/markdown", "application/json"})

AROUND_THE_TEXT = ("nav", "header", "footer", "aside", "form", "dialog", "template", "[role=navigation]")
HIDDEN = ("[hidden]", "[aria-hidden=true]", '[style*="display:none" i]', '[style*="display: none" i]')
"""What a reader does not see, a model must not read either: the favourite place of planted instructions."""


def readable(page: Fetched) -> Reading:
    """The page as a reader sees it.

    The library's own search for the main part loses lists, so the parts around it are left out by name.

    Raises:
        PageRefused: it is no text.
    """
    kind, charset = _kind(page.content_type)
    if kind not in HTML | PLAIN:
        raise PageRefused(f"a page must be HTML or plain text, got {kind or 'no content type'}")
    text = bytes_to_str(page.body, charset or detect_encoding(page.body) or "utf-8")
    if kind in PLAIN:
        return Reading(_last_part(page.url), page.url, text.strip())
    tree = HTMLTree.parse(text)
    shown = extract_plain_text(tree, skip_elements=[*AROUND_THE_TEXT, *HIDDEN]).strip()
    return Reading((tree.title or "").strip() or _last_part(page.url), page.url, shown)


def _kind(content_type: str) -> tuple[str, str]:
    header = Message()
    header["content-type"] = content_type or "/"
    return header.get_content_type() if content_type else "", header.get_content_charset() or ""


def _last_part(url: str) -> str:
    parts = urlsplit(url)
    return parts.path.rstrip("/").rpartition("/")[2] or parts.netloc
