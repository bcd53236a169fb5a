"""Where Lambda starts the page: a request of its function URL in, a response out. A GET only shows; a POST answers."""

import base64
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from agent_workflow.review_answer import Unreadable
from agent_workflow.review_link import PARAMETER, Claims, LinkRefused, read_link
from review_page import aws
from review_page.answers import FIELDS, result_of
from review_page.html import HEADERS, message_page, question_page
from review_page.question import NotOpen, Question, question_of

MOST_BODY_CHARACTERS = 4_000_000
REFUSALS = {
    "answered": (409, "Answered already", "This review was answered already. A link can be used once."),
    "timed_out": (410, "Too late", "Nobody answered in time. What that means was decided when the review was asked."),
    "over": (410, "Too late", "The execution that asked has ended."),
    "expired": (410, "Too late", "The time of this link is over."),
    "forged": (403, "Not a valid link", "The link is incomplete or was changed. Use it as it was sent."),
    "unknown": (404, "Nothing to review", "No open review belongs to this link."),
    "not_ready": (503, "One moment", "The review is being prepared. Load this page again in a minute."),
    "not_shown": (409, "Not shown", "The text cannot be shown as it was asked about. Answer by the command."),
    "no_path": (404, "Nothing here", "Use the link as it was sent."),
    "no_method": (405, "Not possible", "A review can be read and answered, nothing else."),
    "failed": (500, "Something failed", "The page could not be made. Load it again in a minute."),
}
"""Why there is nothing to show or to answer -> status, title, sentence."""


@dataclass(frozen=True)
class Page:
    """What goes back to the browser, and what the log says of it."""

    status: int
    html: str
    outcome: str


def lambda_handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Answer one request; docs/flow.md describes the page."""
    try:
        page = _page(event)
    except Exception as error:  # noqa: BLE001 - its message may quote the link or the text
        page = _refused("failed", type(error).__name__)
    print(json.dumps({"message": "request", "status": page.status, "outcome": page.outcome}), file=sys.stdout)  # noqa: T201 - its log
    return {"statusCode": page.status, "headers": HEADERS, "body": page.html}


def _page(event: Mapping[str, Any]) -> Page:
    method = event["requestContext"]["http"]["method"]
    if event.get("rawPath", "/").strip("/"):
        return _refused("no_path")
    if method not in ("GET", "HEAD", "POST"):
        return _refused("no_method")
    given = _form(event) if method == "POST" else dict(event.get("queryStringParameters") or {})
    try:
        claims = read_link(given.get(PARAMETER, ""), aws.is_signed, time.time())
        question = question_of(claims)
    except (LinkRefused, NotOpen) as refused:
        return _refused(refused.reason)
    if method != "POST":
        return _shown(question, claims, {PARAMETER: given[PARAMETER]})
    return _sent(question, claims, given)


def _form(event: Mapping[str, Any]) -> dict[str, str]:
    body = event.get("body") or ""
    if len(body) > MOST_BODY_CHARACTERS:
        return {}
    sent = base64.b64decode(body).decode("utf-8", "replace") if event.get("isBase64Encoded") else body
    fields = parse_qsl(sent, keep_blank_values=True, max_num_fields=20)
    return {name: value for name, value in fields if name in (PARAMETER, *FIELDS)}


def _shown(question: Question, claims: Claims, given: Mapping[str, str], error: str = "") -> Page:
    about = {"Pipeline": str(question.shown.get("pipeline", ""))}
    if question.shown.get("kind") != "interrupt":
        cost = question.shown.get("cost_usd")
        about |= {"Round": str(claims.round), "Models so far": "cost unknown" if cost is None else f"{cost} USD"}
    about["Answer before"] = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(claims.expires_at))
    html = question_page(question.text, question.shown, about, given=given, error=error)
    return Page(400 if error else 200, html, "breaks_a_rule" if error else "shown")


def _sent(question: Question, claims: Claims, given: Mapping[str, str]) -> Page:
    try:
        result = result_of(given, claims, question.shown)
    except Unreadable as broken:
        return _shown(question, claims, given, str(broken))
    if not aws.answer(question.callback_id, result):  # somebody was faster
        return _refused("answered")
    return Page(
        200,
        message_page("Thank you", "Your answer was sent. You can close this page."),
        given.get("decision", "response"),
    )


def _refused(reason: str, outcome: str = "") -> Page:
    status, title, sentence = REFUSALS[reason]
    return Page(status, message_page(title, sentence), outcome or reason)
