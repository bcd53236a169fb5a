"""What an execution asks, read from its history; never from anything that a browser sent."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from agent_workflow.review_answer import digest_of
from agent_workflow.review_link import Claims, callback_digest
from review_page import aws

NOTICE = "-notify"
"""Ends the name of the step that told of a callback, and kept what is shown."""
_ENDS = {"CallbackSucceeded": "answered", "CallbackFailed": "answered", "CallbackTimedOut": "timed_out"}
_OVER = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionStopped")


class NotOpen(Exception):
    """There is nothing to answer; `reason`: answered, timed_out, over, unknown, not_ready or not_shown."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Question:
    """A callback that waits, and what was kept to be shown of it.

    Attributes:
        callback_id: what the answer is sent to; it is never shown or logged.
        text: what is to be read.
        shown: the rest that was kept: `of`, `may_revise`, `cost_usd`, `sources`.
    """

    callback_id: str
    text: str
    shown: dict[str, Any]


def question_of(claims: Claims) -> Question:
    """The question of a link, if it still waits.

    Raises:
        NotOpen: it does not, or what was kept is not what the link was made for.
    """
    kept: dict[tuple[str | None, str | None], Any] = {}
    ended: dict[str, str] = {}
    for event in aws.newest_events_first(claims.execution_arn):
        kind, name = event["EventType"], event.get("Name")
        if kind in _OVER:
            ended[""] = "over"
        elif kind in _ENDS:
            ended[event["Id"]] = _ENDS[kind]
        elif kind == "StepSucceeded":
            kept[event.get("ParentId"), name] = event["StepSucceededDetails"]["Result"]
        elif kind == "CallbackStarted":
            callback_id = event["CallbackStartedDetails"]["CallbackId"]
            if callback_digest(callback_id) == claims.callback:
                if reason := ended.get(event["Id"]) or ended.get(""):
                    raise NotOpen(reason)
                note = kept.get((event.get("ParentId"), f"{name}{NOTICE}"))
                return _shown(callback_id, claims, note)
    raise NotOpen("unknown")


def _shown(callback_id: str, claims: Claims, note: dict[str, Any] | None) -> Question:
    if note is None:
        raise NotOpen("not_ready")
    try:
        shown = json.loads(note["Payload"])
        if "$stored" in shown:
            shown = json.loads(_stored(shown["$stored"]))
        text, _ = shown.pop("text"), shown["round"]
    except (KeyError, TypeError, ValueError):  # cut off, or kept by a version without the page
        raise NotOpen("not_shown") from None
    if digest_of(text) != claims.digest or shown["round"] != claims.round:
        raise NotOpen("not_shown")
    return Question(callback_id, text, shown)


def _stored(reference: dict[str, Any]) -> bytes:
    body = aws.stored(reference["bucket"], reference["key"])
    if hashlib.sha256(body).hexdigest() != reference["sha256"]:
        raise ValueError("altered")
    return body
