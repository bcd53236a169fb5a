"""The console's routes: its files, and what it reads and does by the same calls as the commands."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from botocore.parsers import ResponseParserError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from scripts.operate.console_page import handlers
from scripts.operate.console_page.ag_ui_route import read_input, served
from scripts.operate.console_page.guard import Guard
from scripts.operate.console_page.watched import Watchlist
from scripts.operate.endings import FAILURES, NOT_ALLOWED, NOT_FOUND, Failure, Unusable, refusal_of
from scripts.operate.looking import LOOK_SECONDS
from scripts.operate.output import plain_json
from scripts.operate.place import Place

FILES = Path(__file__).parent / "static"
LARGEST_REQUEST = 1_000_000
HTTP_STATUS = {NOT_FOUND: 404, NOT_ALLOWED: 403}
BAD_GATEWAY = 502
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
        Route("/api/executions", _route(lambda request, _: handlers.list_executions(place, watchlist, request))),
        Route("/api/text", _route(lambda request, _: handlers.text(watchlist, request))),
        Route("/api/asked", _route(lambda request, _: handlers.asked_text(watchlist, request))),
        Route("/api/result", _route(lambda request, _: handlers.result(watchlist, request))),
        Route("/api/events", _events(watchlist)),
        Route("/api/ag-ui", _ag_ui(place), methods=["POST"]),
        Route("/api/start", _route(lambda _, given: handlers.start(place, given)), methods=["POST"]),
        Route("/api/act", _route(lambda _, given: handlers.act(place, given)), methods=["POST"]),
        Route("/api/answer", _route(lambda _, given: handlers.answer(place, given)), methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard, hosts=hosts, token=token)])


def _route(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """Answer in a thread, boto3 blocks; whatever is refused is one line."""

    async def endpoint(request: Request) -> Response:
        try:
            given = await _given(request) if request.method == "POST" else None
            return _json(await run_in_threadpool(answer, request, given))
        except FAILURES as error:
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
            follow = watchlist.follow(handlers.asked(request, "arn"), int(last) if last.isdigit() else None)
            first = await run_in_threadpool(next, follow)
        except FAILURES as error:
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
    except FAILURES as error:
        yield f"event: lost\ndata: {plain_json({'message': str(refusal_of(error))})}\n\n"


def _ag_ui(place: Place) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            asked = read_input(await _given(request))
        except FAILURES as error:
            return _refusal(error)
        return StreamingResponse(served(place, asked), media_type="text/event-stream")

    return endpoint


def _json(document: Any) -> Response:
    return PlainTextResponse(plain_json(document), media_type="application/json")


def _refusal(error: Failure) -> Response:
    refused = refusal_of(error)
    status = BAD_GATEWAY if isinstance(error, ResponseParserError) else HTTP_STATUS.get(refused.status, 400)
    message = plain_json({"message": str(refused)})
    return PlainTextResponse(message, status_code=status, media_type="application/json")
