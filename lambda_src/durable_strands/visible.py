"""Whether a text shows anything to a reader."""

from __future__ import annotations

import unicodedata

_BLANK = frozenset({"C", "Z", "M"})  # controls, formats and unassigned; separators; marks that need a letter to sit on
# Letters and symbols by category, drawn as nothing: Hangul fillers, the empty Braille pattern.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def is_visible(text: str) -> bool:
    """False for a text of blanks, zero-width characters, lone marks and fillers only: no question and no answer."""
    return any(unicodedata.category(character)[0] not in _BLANK and character not in _FILLERS for character in text)
