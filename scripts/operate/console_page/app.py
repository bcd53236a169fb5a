"""The console's routes: its files, and what it reads and does by the same calls as the commands."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from scripts.console.command_line import BadUsage, checked_topic
from scripts.console.report import report_text
from scripts.operate import acting, reviews, shown
from scripts.operate.console_page.ag_ui_route import read_input, served
from scripts.operate.console_page.document import numbered, text_of
from scripts.operate.console_page.guard import Guard
from scripts.operate.console_page.watched import Watchlist
from scripts.operate.endings import NOT_ALLOWED, NOT_FOUND, NotFound, Refused, Unusable, refusal_of
from scripts.operate.executions import STATUSES, listed
from scripts.operate.looking import LOOK_SECONDS, result_of
from scripts.operate.money import AGENT, ledger, total
from scripts.operate.output import plain_json
from scripts.operate.place import Place

FILES = Path(__file__).parent / "static"
PAGE = 25
"""Executions of a page of the list."""
LARGEST_REQUEST = 1_000_000
HTTP_STATUS = {NOT_FOUND: 404, NOT_ALLOWED: 403}
NEXT = object()

Answer = Callable[[Request, Any], Any]


def build_app(place: Place, *, hosts: frozenset[str], token: str) -> Starlette:
    """The console of one pipeline.

    Args:
        place: whose executions.
        hosts: `host:port` under which it is reached.
        token: what a caller must know.
    """
    watchlist = Watchlist(place)
    routes = [
        Route("/", lambda _: FileResponse(FILES / "page.html")),
        Mount("/static", StaticFiles(directory=FILES)),
        Route("/api/executions", _route(lambda request, _: _list(place, watchlist, request))),
        Route("/api/text", _route(lambda request, _: _text(watchlist, request))),
        Route("/api/asked", _route(lambda request, _: _asked_text(watchlist, request))),
        Route("/api/result", _route(lambda request, _: _result(watchlist, request))),
        Route("/api/events", _events(watchlist)),
        Route("/api/ag-ui", _ag_ui(place), methods=["POST"]),
        Route("/api/start", _route(lambda _, given: _start(place, given)), methods=["POST"]),
        Route("/api/act", _route(lambda _, given: _act(place, given)), methods=["POST"]),
        Route("/api/answer", _route(lambda _, given: _answer(place, given)), methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard, hosts=hosts, token=token)])


def _route(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """Answer in a thread, boto3 blocks; whatever is refused is one line."""

    async def endpoint(request: Request) -> Response:
        try:
            given = await _given(request) if request.method == "POST" else None
            return _json(await run_in_threadpool(answer, request, given))
        except (Refused, BadUsage, BotoCoreError, ClientError, ResponseParserError) as error:
            return _refusal(error)

    return endpoint


async def _given(request: Request) -> dict[str, Any]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_REQUEST:
            raise Unusable(f"a request must be at most {LARGEST_REQUEST:,} bytes")
    try:
        given = json.loads(body)
    except ValueError:
        raise Unusable("a request must be JSON") from None
    if not isinstance(given, dict):
        raise Unusable("a request must be a JSON object")
    return given


def _events(watchlist: Watchlist) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        last = request.headers.get("last-event-id", "")
        try:
            follow = watchlist.follow(_asked(request, "arn"), int(last) if last.isdigit() else None)
            first = await run_in_threadpool(next, follow)
        except (Refused, BotoCoreError, ClientError, ResponseParserError) as error:
            return _refusal(error)
        return StreamingResponse(_stream(first, follow), media_type="text/event-stream")

    return endpoint


async def _stream(told: dict[str, Any], follow: Iterator[dict[str, Any]]) -> AsyncIterator[str]:
    """Server-sent events: `look`, whose id is the number of the change; `lost` if it can be read no more; `end`."""
    try:
        while True:
            yield f"id: {told['change']}\nevent: look\ndata: {plain_json(told)}\n\n" if told else ": nothing new\n\n"
            if not told:
                await asyncio.sleep(LOOK_SECONDS)
            following = await run_in_threadpool(next, follow, NEXT)
            if following is NEXT:
                yield "event: end\ndata: {}\n\n"
                return
            told = following  # type: ignore[assignment]
    except (Refused, BotoCoreError, ClientError, ResponseParserError) as error:
        yield f"event: lost\ndata: {plain_json({'message': _words(error)[0]})}\n\n"


def _ag_ui(place: Place) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            asked = read_input(await _given(request))
        except Refused as error:
            return _refusal(error)
        return StreamingResponse(served(place, asked), media_type="text/event-stream")

    return endpoint


def _list(place: Place, watchlist: Watchlist, request: Request) -> dict[str, Any]:
    status, text = request.query_params.get("status", ""), request.query_params.get("text", "")
    if status and status not in STATUSES:
        raise Unusable(f"status must be one of {', '.join(STATUSES)}, got {status!r}")
    pages = request.query_params.get("pages", "1")
    most = PAGE * max(1, min(int(pages) if pages.isdigit() else 1, 40))
    found = listed(place, statuses=(status,) if status else ())
    rows = list(islice((one for one in found if text in one["DurableExecutionName"]), most + 1))
    return {"executions": [_summary(watchlist, row) for row in rows[:most]], "more": len(rows) > most}


def _summary(watchlist: Watchlist, row: Any) -> dict[str, Any]:
    """A row of the list; its cost by what was read of it, and that is read once where it has ended."""
    made = {
        "name": row["DurableExecutionName"],
        "arn": row["DurableExecutionArn"],
        "status": row["Status"],
        "started": row["StartTimestamp"],
        "ended": row.get("EndTimestamp"),
    }
    try:
        watched = watchlist.get(made["arn"])
    except NotFound:  # its retention ended between the two calls
        return {**made, "usd": None, "exact": False, "waits": 0}
    watched.look()
    told = watched.since(watched.changes)["head"]
    return {**made, "usd": told["cost"]["usd"], "exact": told["cost"]["exact"], "waits": len(told["waits_for"])}


def _text(watchlist: Watchlist, request: Request) -> dict[str, Any]:
    wanted = _asked(request, "id")
    history = watchlist.get(_asked(request, "arn")).execution.history
    for identity, _, operation in numbered(history):
        if identity == wanted:
            return {"name": operation.name, "text": text_of(operation)}
    raise NotFound(f"there is no operation {wanted}")


def _asked_text(watchlist: Watchlist, request: Request) -> dict[str, Any]:
    execution, wanted = watchlist.get(_asked(request, "arn")).execution, _asked(request, "name")
    for path, operation in execution.history.walk():
        if reviews.asks(operation) and (name := reviews.name_of(path, operation)) == wanted:
            agent, text = reviews.asked_text(reviews.Waiting(execution, operation, name))
            return {"agent": agent.removesuffix(AGENT), "text": text}
    raise NotFound(f"{execution.name} asks no {wanted}")


def _result(watchlist: Watchlist, request: Request) -> dict[str, Any]:
    execution = watchlist.get(_asked(request, "arn")).execution
    result = result_of(execution.details)
    document = result if isinstance(result, dict) else {}
    return {
        "report": report_text(result),
        "sources": document.get("sources") or [],
        "citations": document.get("citations"),
        "usage": ledger(execution.details),
        "cost": shown.cost_document(total(execution.details, execution.history)),
        "result": result,
    }


def _start(place: Place, given: dict[str, Any]) -> dict[str, Any]:
    event = given.get("event")
    if event is None:
        event = {"query": checked_topic(str(given.get("topic") or ""))}
    return {"arn": acting.begin(place, event, acting.name_for(given.get("name"), event, new=bool(given.get("new"))))}


def _act(place: Place, given: dict[str, Any]) -> dict[str, Any]:
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


def _answer(place: Place, given: dict[str, Any]) -> dict[str, Any]:
    arn, name = _field(given, "arn"), _field(given, "name")
    if "text" in given:
        return {"answered": reviews.respond(place, arn, str(given["text"]), name).name}
    answer = given.get("answer")
    if not isinstance(answer, dict):
        raise Unusable("answer must be an object with a decision")
    return {"answered": reviews.decide(place, arn, answer, name).name}


def _asked(request: Request, name: str) -> str:
    return _field(dict(request.query_params), name)


def _field(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise Unusable(f"{name} must be a text, got {value!r}"[:200])
    return value


def _json(document: Any) -> Response:
    return PlainTextResponse(plain_json(document), media_type="application/json")


def _refusal(error: Exception) -> Response:
    message, status = _words(error)
    return PlainTextResponse(plain_json({"message": message}), status_code=status, media_type="application/json")


def _words(error: Exception) -> tuple[str, int]:
    if isinstance(error, ResponseParserError):
        return "what answers is not AWS, nor the local stack: check --endpoint-url", 502
    if isinstance(error, BotoCoreError | ClientError):
        error = refusal_of(error)
    status = error.status if isinstance(error, Refused) else 0
    return str(error), HTTP_STATUS.get(status, 400)
