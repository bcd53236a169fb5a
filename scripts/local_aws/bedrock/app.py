"""The HTTP face of the endpoint: Bedrock Runtime's two Converse routes, and a few local ones for people and tests."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from scripts.local_aws.bedrock.calls import Call, CallsLog
from scripts.local_aws.bedrock.converse import ConverseRequest, check, decode_body, read_request
from scripts.local_aws.bedrock.pieces import Backend, Begin, ConnectionDropped, End, Piece, Text, ToolInput
from scripts.local_aws.bedrock.reply import StreamedReply, whole_reply
from scripts.local_aws.bedrock.script import ScriptBackend, ScriptError, parse_script
from scripts.local_aws.bedrock.wire import (
    EVENT_STREAM_TYPE,
    AwsError,
    error_body,
    event_frame,
    exception_frame,
    reply_headers,
)

_logger = logging.getLogger("bedrock_endpoint")


def build_app(backend: Backend, calls: CallsLog) -> Starlette:
    """The endpoint answering from `backend`, recording into `calls`."""

    def converse(*, streaming: bool) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(http: Request) -> Response:
            try:
                body = decode_body(await http.body())
            except AwsError as error:
                return _error_response(error)
            request = read_request(http.path_params["model_id"], body, streaming=streaming)
            reply = backend.name_of(request) if isinstance(backend, ScriptBackend) else None
            return _Answer(backend, request, calls.started(request, reply))

        return endpoint

    async def stats(_: Request) -> Response:
        return JSONResponse(calls.stats())

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok", "answered_by": backend.label})

    async def script(http: Request) -> Response:
        if not isinstance(backend, ScriptBackend):
            return JSONResponse({"message": f"there is no script to replace, got {backend.label}"}, status_code=409)
        try:
            backend.replace(parse_script(await http.body()))
        except ScriptError as error:
            return JSONResponse({"message": str(error)}, status_code=400)
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/model/{model_id:path}/converse", converse(streaming=False), methods=["POST"]),
            Route("/model/{model_id:path}/converse-stream", converse(streaming=True), methods=["POST"]),
            Route("/_local/stats", stats),
            Route("/_local/health", health),
            Route("/_local/script", script, methods=["POST"]),
        ]
    )


class _Answer(Response):
    """Sends one reply while watching whether the client is still there; a departed client ends the generation."""

    def __init__(self, backend: Backend, request: ConverseRequest, call: Call) -> None:
        super().__init__()
        self._backend = backend
        self._request = request
        self._call = call
        self._started = False

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        answering = asyncio.create_task(self._answer(send))
        leaving = asyncio.create_task(_client_left(receive))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            answering.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)
            # asked only now: at the end of the process the loop cancels every task, in no order, this one's too
            if answering.cancelled():
                self._call.disconnected()

    async def _answer(self, send: Send) -> None:
        try:
            check(self._request)
            async with aclosing(self._counted()) as pieces:
                await (self._stream(pieces, send) if self._request.streaming else self._whole(pieces, send))
            self._call.finished()
        except AwsError as error:
            self._call.failed(error.code)
            await self._fail(error, send)
        except ConnectionDropped as dropped:
            self._call.failed(str(dropped))
            await self._drop(send)
        except Exception:
            _logger.exception("agent=<%s>, turn=<%d> | the backend failed", self._request.agent, self._request.turn)
            self._call.failed("InternalServerException")
            await self._fail(AwsError("InternalServerException", "The backend failed; see the endpoint's log."), send)

    async def _counted(self) -> AsyncGenerator[Piece, None]:
        async with aclosing(self._backend.reply(self._request)) as pieces:
            async for piece in pieces:
                match piece:
                    case Begin():
                        self._call.input_tokens = piece.input_tokens
                        self._call.prefix = piece.prefix
                    case Text() | ToolInput():
                        self._call.token(piece.output_tokens)
                    case End():
                        self._call.input_tokens = piece.usage.input_tokens
                        self._call.output_tokens = piece.usage.output_tokens
                        self._call.cached = piece.usage.cached()
                yield piece

    async def _stream(self, pieces: AsyncIterator[Piece], send: Send) -> None:
        reply = StreamedReply()
        async for piece in pieces:
            await self._start(200, EVENT_STREAM_TYPE, send)
            for name, payload in reply.events(piece, self._call.latency_ms):
                await _send_body(send, event_frame(name, payload), more=True)
        await _send_body(send, b"")

    async def _whole(self, pieces: AsyncIterator[Piece], send: Send) -> None:
        got = [piece async for piece in pieces]
        body = json.dumps(whole_reply(got, self._call.latency_ms)).encode()
        await self._start(200, "application/json", send)
        await _send_body(send, body)

    async def _fail(self, error: AwsError, send: Send) -> None:
        if self._started:
            await _send_body(send, exception_frame(error))
        else:
            await self._start(error.status, "application/json", send, {"x-amzn-errortype": error.code})
            await _send_body(send, error_body(error))

    async def _drop(self, send: Send) -> None:
        """Leave the reply without its end: uvicorn then closes the socket, and no client can take it for whole."""
        await self._start(200, "application/json", send)

    async def _start(self, status: int, content_type: str, send: Send, extra: dict[str, str] | None = None) -> None:
        if self._started:
            return
        self._started = True
        headers = reply_headers(content_type) | (extra or {})
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})


async def _send_body(send: Send, body: bytes, *, more: bool = False) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _error_response(error: AwsError) -> Response:
    headers = reply_headers("application/json") | {"x-amzn-errortype": error.code}
    return Response(error_body(error), status_code=error.status, headers=headers)
