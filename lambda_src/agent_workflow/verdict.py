"""What a critic says of a text: read from its answer, never taken for a yes where it is not clearly one. Pure."""

import json
from dataclasses import dataclass
from typing import Any

MOST_REASONS, MOST_CHARACTERS = 10, 500
JUDGE = (
    "Judge `{draft}` as your instructions describe. Answer only with one JSON object: "
    '{{"approved": true, "reasons": []}} if it may go out as it is, else {{"approved": false, "reasons": ["..."]}} '
    f"with what has to change: at most {MOST_REASONS} reasons, one sentence each."
)
UNCLEAR = "The critic gave no clear verdict."


@dataclass(frozen=True)
class Verdict:
    """Whether the text may go out, and what has to change before."""

    approved: bool
    reasons: tuple[str, ...] = ()


def read_verdict(answer: str) -> Verdict | None:
    """The verdict in a critic's answer: its one JSON object; None if that is not clearly one.

    A yes with reasons, a no without one, a field twice, or anything but true and false is not clear.
    """
    begin, end = answer.find("{"), answer.rfind("}")
    try:
        document = json.loads(answer[begin : end + 1], object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.keys() - {"approved", "reasons"}:
        return None
    approved, reasons = document.get("approved"), document.get("reasons", [])
    if not isinstance(approved, bool) or not isinstance(reasons, list) or approved == bool(reasons):
        return None
    texts = [" ".join(reason.split()) if isinstance(reason, str) else "" for reason in reasons]
    if not all(texts):
        return None
    return Verdict(approved, tuple(text[:MOST_CHARACTERS] for text in texts[:MOST_REASONS]))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a field stands there twice")
    return dict(pairs)
