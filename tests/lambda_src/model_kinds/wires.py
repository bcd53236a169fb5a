"""Endpoints on loopback: OpenAI's chat completions, a container behind SageMaker, Secrets Manager; wires, no model.

What a chat answers is scripted, or relayed from a server that has a model.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from scripts.local_aws.bedrock.wire import frame
from scripts.local_aws.processes.loopback import serving_app

USAGE = {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107}
SECRET = "arn:aws:secretsmanager:us-east-1:111111111111:secret:models-AbCdEf"
ODD_BYTES = 41
SILENCE = object()
"""An answer that does not come."""


@dataclass(frozen=True)
class Chat:
    """One scripted answer: text, or the call of a tool. `usage` None leaves it out, `finish` None ends too early."""

    text: str = "the answer"
    tool: tuple[str, dict[str, Any]] | None = None
    usage: dict[str, Any] | None = field(default_factory=lambda: dict(USAGE))
    finish: str | None = "stop"

    def sse(self) -> bytes:
        """As a stream."""
        delta: dict[str, Any] = {"role": "assistant", "content": self.text}
        finish = self.finish
        if self.tool is not None:
            called = {"name": self.tool[0], "arguments": json.dumps(self.tool[1])}
            delta = {
                "role": "assistant",
                "tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": called}],
            }
            finish = "tool_calls"
        chunks: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}]
        if finish is not None:
            chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        if self.usage is not None:
            chunks.append({"choices": [], "usage": self.usage})
        head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        lines = [f"data: {json.dumps({**head, **chunk})}\n\n" for chunk in chunks]
        return "".join([*lines, "data: [DONE]\n\n"]).encode()

    def whole(self) -> bytes:
        """As one document."""
        message = {"role": "assistant", "content": self.text}
        choice = {"index": 0, "message": message, "finish_reason": self.finish}
        head = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
        return json.dumps({**head, "choices": [choice], "usage": self.usage}).encode()


class Wires:
    """What was asked, and what is answered.

    Attributes:
        url: where everything listens.
        asked: bodies of the chats, in order.
        keys: the keys they were asked with.
        answers: what they are answered in turn, the last one for ever: a Chat, bytes of a stream, a Response, SILENCE.
        secret: text of every secret, or the Response to whoever asks for it.
        secrets_read: how often one was asked for.
        in_service: whether SageMaker's endpoint is. Default: it is.
        upstream: address of a server of chat completions that answers a container in their place. Default: nobody.
        upstream_key: key that it wants.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.answers: list[Any] = [Chat()]
        self.secret: str | Response = json.dumps({"api_key": "sk-very-secret"})
        self.secrets_read = 0
        self.in_service = True
        self.upstream: str | None = None
        self.upstream_key = ""

    async def _next(self, body: dict[str, Any], request: Request) -> Any:
        self.asked.append(body)
        self.keys.append(request.headers.get("authorization"))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is SILENCE:
            await asyncio.sleep(30)
        return answer

    async def chat(self, request: Request) -> Response:
        body = await request.json()
        answer = await self._next(body, request)
        if isinstance(answer, Response):
            return answer
        if isinstance(answer, bytes):
            return Response(answer, media_type="text/event-stream")
        return (
            Response(answer.sse(), media_type="text/event-stream")
            if body.get("stream")
            else Response(answer.whole(), media_type="application/json")
        )

    async def container(self, request: Request) -> Response:
        """SageMaker's InvokeEndpoint and InvokeEndpointWithResponseStream, with a container behind."""
        if not self.in_service:
            return aws_error(400, "ValidationError")
        body = await request.json()
        answer = await self._next(body, request)
        if isinstance(answer, Response):
            return answer
        if not body["stream"]:
            return Response(answer.whole(), media_type="application/json")
        if self.upstream is not None:
            parts = self._relayed(body)
        else:
            parts = _pieces(answer if isinstance(answer, bytes) else answer.sse())
        return StreamingResponse(
            (payload_part(part) async for part in parts), media_type="application/vnd.amazon.eventstream"
        )

    async def _relayed(self, body: dict[str, Any]) -> AsyncIterator[bytes]:
        headers = {"authorization": f"Bearer {self.upstream_key}"}
        async with (
            httpx.AsyncClient(timeout=600) as client,
            client.stream("POST", f"{self.upstream}/v1/chat/completions", json=body, headers=headers) as answer,
        ):
            async for part in answer.aiter_bytes(ODD_BYTES):
                yield part

    async def secrets(self, request: Request) -> Response:
        assert request.headers["x-amz-target"] == "secretsmanager.GetSecretValue"
        self.secrets_read += 1
        asked = (await request.json())["SecretId"]
        if isinstance(self.secret, Response):
            return self.secret
        return JSONResponse({"ARN": asked, "Name": "models", "SecretString": self.secret})


@contextmanager
def wires() -> Iterator[Wires]:
    """They listen inside the block."""
    told = Wires()
    routes = [
        Route("/v1/chat/completions", told.chat, methods=["POST"]),
        Route("/endpoints/{name}/invocations-response-stream", told.container, methods=["POST"]),
        Route("/endpoints/{name}/invocations", told.container, methods=["POST"]),
        Route("/", told.secrets, methods=["POST"]),
    ]
    with serving_app(Starlette(routes=routes)) as told.url:
        yield told


def payload_part(content: bytes) -> bytes:
    """One event of a container's stream; its bytes end wherever the container flushed them."""
    headers = {":event-type": "PayloadPart", ":content-type": "application/octet-stream", ":message-type": "event"}
    return frame(headers, content)


def aws_error(status: int, code: str, **fields: Any) -> Response:
    """An error as AWS's JSON protocols write it."""
    return JSONResponse({"__type": code, "message": "a sentence", **fields}, status, {"x-amzn-errortype": code})


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), ODD_BYTES):
        yield content[start : start + ODD_BYTES]
