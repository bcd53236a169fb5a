"""What the console reads and does, each by the same calls as a command."""

from __future__ import annotations

from itertools import islice
from typing import Any

from starlette.requests import Request

from scripts.console.command_line import checked_topic
from scripts.console.report import report_text
from scripts.operate import acting, reviews
from scripts.operate.console_page.document import numbered, text_of
from scripts.operate.console_page.watched import Watchlist
from scripts.operate.endings import NotFound, Unusable
from scripts.operate.executions import STATUSES, listed
from scripts.operate.looking import result_of
from scripts.operate.money import AGENT
from scripts.operate.place import Place

PAGE = 25
"""Executions of a page of the list."""
READ_AT_ONCE = 4
"""Executions that are read for one list."""


def list_executions(place: Place, watchlist: Watchlist, request: Request) -> dict[str, Any]:
    """The newest executions, as many pages of them as were asked for."""
    status, text = request.query_params.get("status", ""), request.query_params.get("text", "")
    if status and status not in STATUSES:
        raise Unusable(f"status must be one of {', '.join(STATUSES)}, got {status!r}")
    pages = request.query_params.get("pages", "1")
    most = PAGE * max(1, min(int(pages) if pages.isdigit() else 1, 40))
    found = listed(place, statuses=(status,) if status else ())
    rows = list(islice((one for one in found if text in one["DurableExecutionName"]), most + 1))
    watchlist.freshen((row["DurableExecutionArn"] for row in rows[:most]), READ_AT_ONCE)
    return {"executions": [_summary(watchlist, row) for row in rows[:most]], "more": len(rows) > most}


def _summary(watchlist: Watchlist, row: Any) -> dict[str, Any]:
    """A row of the list; cost and questions as far as the execution was read."""
    made = {
        "name": row["DurableExecutionName"],
        "arn": row["DurableExecutionArn"],
        "status": row["Status"],
        "started": row["StartTimestamp"],
        "ended": row.get("EndTimestamp"),
    }
    watched = watchlist.known(made["arn"])
    if watched is None:
        return {**made, "usd": None, "waits": 0}
    usd, waits = watched.bill()
    return {**made, "usd": usd, "waits": waits}


def text(watchlist: Watchlist, request: Request) -> dict[str, Any]:
    """What one operation returned."""
    wanted = asked(request, "id")
    history = watchlist.get(asked(request, "arn")).execution.history
    for identity, _, operation in numbered(history):
        if identity == wanted:
            return {"name": operation.name, "text": text_of(operation)}
    raise NotFound(f"there is no operation {wanted}")


def asked_text(watchlist: Watchlist, request: Request) -> dict[str, Any]:
    """What a person is asked about: who wrote it, and the text."""
    execution, wanted = watchlist.get(asked(request, "arn")).execution, asked(request, "name")
    for one in reviews.asked_in(execution):
        if one.name == wanted:
            agent, text = reviews.asked_text(one)
            return {"agent": agent.removesuffix(AGENT), "text": text}
    raise NotFound(f"{execution.name} asks no {wanted}")


def result(watchlist: Watchlist, request: Request) -> dict[str, Any]:
    """What an execution that has succeeded returned."""
    execution = watchlist.get(asked(request, "arn")).execution
    result = result_of(execution.details)
    document = result if isinstance(result, dict) else {}
    return {
        "report": report_text(result),
        "sources": document.get("sources") or [],
        "citations": document.get("citations"),
    }


def start(place: Place, given: dict[str, Any]) -> dict[str, Any]:
    """Start an execution by a topic or a whole event."""
    event = given.get("event")
    if event is None:
        event = {"query": checked_topic(str(given.get("topic") or ""))}
    return {"arn": acting.begin(place, event, acting.name_for(given.get("name"), event, new=bool(given.get("new"))))}


def act(place: Place, given: dict[str, Any]) -> dict[str, Any]:
    """Stop, pause or resume an execution."""
    arn, act = _field(given, "arn"), given.get("act")
    if act == "stop":
        acting.end(place, arn, str(given.get("reason") or "stopped in the console"))
    elif act == "pause":
        acting.hold(place, arn, str(given.get("reason") or "paused in the console"))
    elif act == "resume":
        acting.go_on(place, arn)
    else:
        raise Unusable(f"act must be stop, pause or resume, got {act!r}")
    return {"done": act}


def answer(place: Place, given: dict[str, Any]) -> dict[str, Any]:
    """Answer a review, or the question of an agent."""
    arn, name = _field(given, "arn"), _field(given, "name")
    if "text" in given:
        return {"answered": reviews.respond(place, arn, str(given["text"]), name).name}
    answer = given.get("answer")
    if not isinstance(answer, dict):
        raise Unusable("answer must be an object with a decision")
    return {"answered": reviews.decide(place, arn, answer, name).name}


def asked(request: Request, name: str) -> str:
    """A parameter of the address.

    Raises:
        Unusable: it is missing.
    """
    return _field(dict(request.query_params), name)


def _field(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise Unusable(f"{name} must be a text, got {value!r}"[:200])
    return value
