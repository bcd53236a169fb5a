"""What a person's answer to a review means: a decision, or which rule it broke. Pure; no SDK, no clock."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from durable_strands.visible import is_visible

TEXT_OF = {"approve": None, "reject": "reason", "edit": "text", "revise": "comments"}
"""Decision -> the field that goes with it."""
REQUIRED = frozenset({"edit", "revise"})
MOST_CHARACTERS = {"reason": 10_000, "comments": 20_000, "text": 200_000, "reviewer": 256, "response": 20_000}


class Unreadable(ValueError):
    """The answer breaks a rule, so it decides nothing."""


@dataclass(frozen=True)
class Answer:
    """A decision that keeps the rules; `text` is its reason, comments or new text.

    Attributes:
        timed_out: nobody gave it: it is what the event says of no answer.
    """

    decision: str
    text: str | None = None
    reviewer: str | None = None
    timed_out: bool = False


def digest_of(text: str) -> str:
    """What an answer may be bound to: SHA-256 of the text that was shown."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_answer(document: str | None, *, number: int, digest: str, may_revise: bool) -> Answer:
    """The decision in a callback's result.

    Args:
        document: the result as it was sent.
        number: of the round. An answer that names another one is for another text.
        digest: of the text under review, likewise.
        may_revise: whether a revision is left.

    Raises:
        Unreadable: it breaks a rule; the message quotes none of it.
    """
    fields = _fields(document)
    decision = fields.pop("decision", None)
    if not isinstance(decision, str) or decision not in TEXT_OF:
        raise Unreadable(f"decision must be one of {', '.join(TEXT_OF)}")
    if decision == "revise" and not may_revise:
        raise Unreadable("no revision is left: approve, edit or reject")
    if fields.pop("round", number) != number or fields.pop("digest", digest) != digest:
        raise Unreadable("round and digest must be those of the text under review")
    reviewer = _text(fields, "reviewer", required=False)
    name = TEXT_OF[decision]
    text = _text(fields, name, required=decision in REQUIRED) if name else None
    if fields:
        raise Unreadable(f"{decision} must have no other fields, got {len(fields)} more")
    return Answer(decision, text, reviewer)


def read_response(text: str) -> str:
    """A person's words in answer to an agent's question.

    Raises:
        Unreadable: there are none, or too many.
    """
    return _text({"response": text}, "response", required=True) or ""


def _fields(document: str | None) -> dict[str, Any]:
    try:
        fields = json.loads(document or "", object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        raise Unreadable("an answer must be one JSON object, each field once") from None
    if not isinstance(fields, dict):
        raise Unreadable("an answer must be a JSON object")
    return fields


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):  # two decisions, of which a parser would take the last, are none
        raise ValueError("a field stands twice")
    return fields


def _text(fields: dict[str, Any], name: str, *, required: bool) -> str | None:
    value = fields.pop(name, None)
    if value is None and not required:
        return None
    if not isinstance(value, str) or not is_visible(value) or len(value) > MOST_CHARACTERS[name]:
        raise Unreadable(f"{name} must be a text of 1 to {MOST_CHARACTERS[name]} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unreadable(f"{name} must be a text that UTF-8 can hold") from None
    return value
