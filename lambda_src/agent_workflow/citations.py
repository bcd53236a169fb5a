"""What may be cited: findings whose quote stands in what this run read, found by code; pure, no model is believed.

Whitespace and typography of a quote may differ from the source's, nothing else: no case, no word, no digit.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote as percent_encoded

from research_tools.reading import Reading

MIN_QUOTE_CHARACTERS, MAX_QUOTE_CHARACTERS = 12, 2_000
MIN_QUOTATION_WORDS = 4
"""Fewer words between quotation marks are a term, not a quotation."""

_WORDS_OF_FRAGMENT = 5
_TYPOGRAPHY = {
    **dict.fromkeys("‘’‚‛′`´", "'"),
    **dict.fromkeys("“”„‟«»″", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),
    "…": "...",
    "ﬀ": "ff",
    "ﬁ": "fi",
    "ﬂ": "fl",
    "ﬃ": "ffi",
    "ﬄ": "ffl",
}
_ID = r"s\d{1,4}"
_SEPARATED = r"(?:[\s,;&+/]|\band\b|\bsee\b|\bsources?\b)*"
_OPEN, _CLOSE = "[\\[\\uff3b\\u3010\\u27e6]", "[\\]\\uff3d\\u3011\\u27e7]"
_CITING = re.compile(
    rf"[ \t]*{_OPEN}\^?{_SEPARATED}{_ID}(?:{_SEPARATED}\^?{_ID})*{_SEPARATED}{_CLOSE}(?:\([^)\n]*\))?", re.IGNORECASE
)
"""Square brackets of any script, with a link behind them or not. Round ones are left alone: "(S3)" is a service."""
_NAMED = re.compile(rf"\b[Ss]ources?[ \t#:]+({_ID})\b")
_EACH = re.compile(_ID, re.IGNORECASE)
_QUOTATION = re.compile(r'"([^"\n]{1,4000})"|“([^”\n]{1,4000})”|„([^“”\n]{1,4000})[“”]|«([^»\n]{1,4000})»')
_BLOCK_QUOTE = re.compile(r"^[ \t]*>[ \t>]*(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Verified:
    """A finding that stood the check.

    Attributes:
        claim: in one line.
        quote: as the source has it, in one line.
        title: of the source.
        url: opens at the quoted place.
        digest: SHA-256 of the text that was read.
    """

    claim: str
    quote: str
    title: str
    url: str
    digest: str


@dataclass(frozen=True)
class Checked:
    """The findings of one agent's run: those that stood, and those that were dropped, each with its reason."""

    verified: tuple[Verified, ...] = ()
    dropped: tuple[dict[str, str], ...] = ()
    gaps: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON form, as checkpointed."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Checked":
        """Rebuild it from its checkpointed form."""
        verified = tuple(Verified(**one) for one in data["verified"])
        return cls(verified, tuple(data["dropped"]), tuple(data["gaps"]))


def check(findings: Iterable[Mapping[str, Any]], gaps: Iterable[str], readings: Sequence[Reading]) -> Checked:
    """Check findings against what was read.

    Args:
        findings: each with `claim`, `source` (the id of a reading) and `quote`.
        gaps: what was looked for and not found.
        readings: of this run, in the order in which they were read.
    """
    verified: list[Verified] = []
    dropped = []
    for finding in findings:
        claim = without_citations(one_line(finding["claim"]))
        found = _verified(claim, finding["source"], finding["quote"], readings)
        if isinstance(found, str):
            dropped.append({"claim": claim, "reason": found})
        else:
            verified.append(found)
    clean = (without_citations(unquoted(one_line(gap), ())[0]) for gap in gaps)
    return Checked(tuple(dict.fromkeys(verified)), tuple(dropped), tuple(gap for gap in clean if gap))


def _verified(claim: str, source: str, quote: str, readings: Sequence[Reading]) -> Verified | str:
    """The finding, or why it is dropped."""
    wanted = normalised(quote).strip(" \"'")
    cited = source.strip().strip("[]")
    meant = [reading for reading in readings if reading.id == cited]
    if not claim:
        return "it claims nothing"
    if not meant:
        return "it cites a source that this run did not read"
    if not MIN_QUOTE_CHARACTERS <= len(wanted) <= MAX_QUOTE_CHARACTERS:
        return f"its quote must have {MIN_QUOTE_CHARACTERS} to {MAX_QUOTE_CHARACTERS} characters"
    for reading in meant:
        text, places = _with_places(reading.text)
        at = text.find(wanted)
        if at >= 0:
            begin, end = places[at], places[at + len(wanted) - 1] + 1
            words = one_line(reading.text[begin:end])
            if cited_in(words):
                return "its quote holds what looks like a citation"
            claim, title = unquoted(claim, [words])[0], without_citations(one_line(reading.title))
            return Verified(claim, words, title, place_of(reading, begin, words), reading.digest)
    return "its quote does not stand in the source that it cites"


def normalised(text: str) -> str:
    """A text with plain quotation marks and dashes, and one blank wherever it has any."""
    return _with_places(text)[0].strip()


def _with_places(text: str) -> tuple[str, list[int]]:
    """The normalised text, and for each of its characters the place in the text that it comes from."""
    letters: list[str] = []
    places: list[int] = []
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        whole = unicodedata.normalize("NFC", text[at:end])
        for letter in "".join(_TYPOGRAPHY.get(one, " " if one.isspace() else one) for one in whole):
            if letter != " " or (letters and letters[-1] != " "):
                letters.append(letter)
                places.append(at)
        at = end
    return "".join(letters), places


def one_line(text: str) -> str:
    """A text without line breaks and other control characters."""
    plain = "".join(" " if unicodedata.category(letter) in {"Cc", "Zl", "Zp"} else letter for letter in text)
    return " ".join(plain.split())


def place_of(reading: Reading, at: int, words: str) -> str:
    """The address that opens at `at` in what was read: its line, its page, or the words themselves."""
    if reading.line is not None:
        return f"{reading.url}#L{reading.line + reading.text.count(chr(10), 0, at)}"
    if "#" in reading.url:
        return reading.url
    first, last = words.split()[:_WORDS_OF_FRAGMENT], words.split()[-_WORDS_OF_FRAGMENT:]
    parts = [words] if len(words.split()) <= 2 * _WORDS_OF_FRAGMENT else [" ".join(first), " ".join(last)]
    return f"{reading.url}#:~:text={','.join(percent_encoded(part, safe='').replace('-', '%2D') for part in parts)}"


def without_citations(text: str) -> str:
    """A text without anything that looks like a citation: only code gives claims their ids."""
    return _NAMED.sub("", _CITING.sub("", text)).strip()


def cited_in(text: str) -> list[str]:
    """The ids that a text cites, in the order of their first mention."""
    found = (match for pattern in (_CITING, _NAMED) for match in pattern.finditer(text))
    places = sorted((match.start(), match[0]) for match in found)
    return list(dict.fromkeys(one.lower() for _, words in places for one in _EACH.findall(words)))


def keep_known(text: str, known: Iterable[str]) -> tuple[str, list[dict[str, str]]]:
    """The text with its citations of known ids only, written `[s1]`, and what was taken out of it."""
    ids, dropped = set(known), list[dict[str, str]]()

    def kept(match: re.Match[str]) -> str:
        cited = list(dict.fromkeys(one.lower() for one in _EACH.findall(match[0])))
        for one in cited:
            if one not in ids:
                claim = _sentence(match.string, match.start())
                dropped.append({"claim": claim, "reason": f"the text cites {one}, which is no source of this run"})
        known_ones = "".join(f"[{one}]" for one in cited if one in ids)
        return f" {known_ones}" if known_ones and match[0][:1] in " \t" else known_ones

    return _NAMED.sub(kept, _CITING.sub(kept, text)), dropped


def unquoted(text: str, quotes: Iterable[str]) -> tuple[str, list[dict[str, str]]]:
    """The text whose quotations all stand in verified quotes: any other loses its marks, and is listed."""
    known, dropped = [normalised(quote) for quote in quotes], list[dict[str, str]]()

    def stands(words: str) -> bool:
        plain = without_citations(normalised(words)).strip(" \"'")
        return len(plain.split()) < MIN_QUOTATION_WORDS or any(plain.rstrip(".,;:") in quote for quote in known)

    def kept(match: re.Match[str]) -> str:
        words = next(group for group in match.groups() if group is not None)
        if stands(words):
            return match[0]
        dropped.append({"claim": one_line(words), "reason": "the text quotes words that stand in no cited source"})
        return words

    return _BLOCK_QUOTE.sub(kept, _QUOTATION.sub(kept, text)), dropped


def _sentence(text: str, at: int) -> str:
    begin = max(text.rfind(end, 0, at) for end in (". ", "\n", "? ", "! ")) + 1
    return one_line(text[begin:at])[-300:]
