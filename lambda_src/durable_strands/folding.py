"""JSON as one small text, for where an engine limits what it passes on."""

from __future__ import annotations

import base64
import json
import lzma
from typing import Any

FOLDED = "folded"
_PRESET = 2
"""Of lzma: a few MB of memory, and within some percent of the smallest."""
_MOST_BYTES = 500_000_000
"""Of what a text may unfold to: several times what an execution may hold."""


def folded(value: Any) -> str:
    """A JSON value as one small text."""
    plain = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return base64.b85encode(lzma.compress(plain.encode(errors="surrogatepass"), preset=_PRESET)).decode()


def unfolded(text: str) -> Any:
    """The value again.

    Raises:
        ValueError, LZMAError: the text is none that `folded` gives, or unfolds to too much.
    """
    unfolding = lzma.LZMADecompressor()
    plain = unfolding.decompress(base64.b85decode(text), max_length=_MOST_BYTES)
    if not unfolding.eof:
        raise ValueError(f"it must be whole and unfold to at most {_MOST_BYTES} bytes")
    return json.loads(plain.decode(errors="surrogatepass"))


def fold(document: dict[str, Any]) -> dict[str, Any]:
    """A document as one that only holds it folded."""
    return {FOLDED: folded(document)}


def opened(document: Any) -> Any:
    """The document that was given to `fold`; any other as it is."""
    is_folded = isinstance(document, dict) and document.keys() == {FOLDED}
    return unfolded(document[FOLDED]) if is_folded else document
