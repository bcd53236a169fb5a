"""Passes requests on to any OpenAI-compatible server, such as Ollama, LM Studio, vLLM or llama-server."""

import json
import os
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import httpx

from scripts.local_aws.bedrock.chat import ChatReply, chat_body
from scripts.local_aws.bedrock.converse import ConverseRequest
from scripts.local_aws.bedrock.pieces import Piece
from scripts.local_aws.bedrock.wire import AwsError, context_overflow

_CONNECT_SECONDS = 5
_READ_SECONDS = 600  # between two chunks; the caller's own read timeout is usually shorter
_SHOWN_CHARACTERS = 300
_ERROR_OF_STATUS = {
    400: "ValidationException",
    401: "AccessDeniedException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    422: "ValidationException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}


class OpenAiBackend:
    """Answers with a model served elsewhere; the key in OPENAI_API_KEY is sent along when set.

    Args:
        url: the server, with or without its /v1.
        model: the model's name there.

    Raises:
        ValueError: The URL is none, or nothing answers there.
    """

    def __init__(self, url: str, model: str) -> None:
        self.label = f"{model} at {url}"
        self._model = model
        self._base = _base(url)
        key = os.environ.get("OPENAI_API_KEY")
        self._headers = {"authorization": f"Bearer {key}"} if key else {}
        try:
            httpx.get(f"{self._base}/models", headers=self._headers, timeout=_CONNECT_SECONDS)
        except httpx.HTTPError as unreachable:
            raise ValueError(f"cannot reach the OpenAI-compatible server at {url}: {unreachable}") from None

    async def reply(self, request: ConverseRequest) -> AsyncGenerator[Piece, None]:
        """The server's reply, chunk by chunk, with its own token counts and stop reason."""
        reply = ChatReply(request, cached_apart=True)
        body = chat_body(request) | {"model": self._model}
        timeout = httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
        try:
            async with (
                httpx.AsyncClient(timeout=timeout, headers=self._headers) as client,
                client.stream("POST", f"{self._base}/chat/completions", json=body) as answer,
            ):
                if answer.status_code != httpx.codes.OK:
                    raise _error(answer.status_code, await answer.aread())
                async for chunk in _chunks(answer):
                    for piece in reply.pieces(chunk):
                        yield piece
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise AwsError("ServiceUnavailableException", f"The model's server does not answer: {self._base}") from None
        except httpx.HTTPError as broken:
            problem = f"The model's server broke off its reply: {type(broken).__name__}."
            raise AwsError("ModelStreamErrorException", problem) from None
        yield reply.end()


def _base(url: str) -> str:
    parsed = httpx.URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError(f"--openai-url must be an http or https URL, got {url}")
    return url.rstrip("/") if parsed.path.strip("/") else url.rstrip("/") + "/v1"


async def _chunks(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    async for line in answer.aiter_lines():
        data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
        if not data or data == "[DONE]":
            continue
        chunk = json.loads(data)
        if "error" in chunk:
            raise _error(500, data.encode())
        yield chunk


def _error(status: int, body: bytes) -> AwsError:
    """What Bedrock would say; `context` and `length` or `size` in the text is how such servers say it is too long."""
    said = body.decode("utf-8", "replace")
    if "context" in said.lower() and any(word in said.lower() for word in ("length", "size", "window")):
        return context_overflow()
    code = _ERROR_OF_STATUS.get(status, "InternalServerException")
    return AwsError(code, f"The model's server answered {status}: {said[:_SHOWN_CHARACTERS]}")
