"""What may come instead of an answer, as a table: each row is what is sent, and to which callback."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

FAILURE = object()
"""In the place of a document: the callback is answered with a failure."""


@dataclass(frozen=True)
class Question:
    """One callback, as the notice told of it."""

    execution: str
    callback_id: str
    round: int
    digest: str


@dataclass(frozen=True)
class Known:
    """What an attacker may know when a question is open: every question of every execution so far.

    mine: the open one; earlier: those of its execution before it; others: those of the other executions.
    """

    mine: Question
    earlier: Sequence[Question]
    others: Sequence[Question]


Sent = list[tuple[str, Any]]
YES = {"decision": "approve", "reviewer": "nobody"}


def _own(known: Known, document: Any) -> Sent:
    return [(known.mine.callback_id, document if document is FAILURE else _text(document))]


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)


def _forged(known: Known) -> Sent:
    """Callback ids that nobody was told: made up, and a true one with a part exchanged."""
    true = known.mine.callback_id
    made_up = base64.b64encode(b'{"arn":"no/such","op":"review-1"}').decode()
    return [(callback, _text(YES)) for callback in ("no-such-callback", made_up, true[:-9] + true[-9:].swapcase())]


def _late(known: Known) -> Sent:
    """To the callbacks of this execution that are answered already."""
    return [(question.callback_id, _text(YES)) for question in known.earlier]


def _of_another_execution(known: Known) -> Sent:
    return _own(known, {**YES, "round": known.others[0].round, "digest": known.others[0].digest})


def _of_another_round(known: Known) -> Sent:
    before = next((one for one in reversed(known.earlier) if one.round < known.mine.round), None)
    return _own(known, {**YES, **({"digest": before.digest} if before else {"round": known.mine.round + 1})})


def _tampered(known: Known) -> Sent:
    digest = known.mine.digest
    return _own(known, {**YES, "round": known.mine.round, "digest": f"{int(digest[0], 16) ^ 1:x}{digest[1:]}"})


ATTACKS: dict[str, Callable[[Known], Sent]] = {
    "forged callback": _forged,
    "late for an earlier question": _late,
    "for another execution": _of_another_execution,
    "for another round": _of_another_round,
    "tampered digest": _tampered,
    "2 MB of comments": lambda known: _own(known, {"decision": "revise", "comments": "x" * 2_000_000}),
    "empty edit": lambda known: _own(known, {"decision": "edit", "text": " \u200b"}),
    "no JSON": lambda known: _own(known, "approve"),
    "two decisions": lambda known: _own(known, '{"decision": "reject", "decision": "approve"}'),
    "a callback failure": lambda known: _own(known, FAILURE),
    "nothing at all": lambda known: _own(known, ""),
}
