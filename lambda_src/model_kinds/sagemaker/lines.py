"""The stream of a container, line by line, in the form that Strands reads without stumbling."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from durable_strands.errors import ModelStreamBroken, ModelUnavailable, ModelUnreachable

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details")
"""All that Strands takes of a usage; any other count, such as SGLang's `reasoning_tokens`, would end the call."""


def readable(parts: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """The same payload in parts of whole lines.

    Raises:
        ModelUnavailable: the container says in its stream that it failed.
        ModelUnreachable: what comes is a page, so no container of a chat model answers there.
        ModelStreamBroken: a line is no JSON.
    """
    rest = b""
    for part in parts:
        *lines, rest = (rest + part["PayloadPart"]["Bytes"]).split(b"\n")
        for line in lines:
            yield _part(line)
    yield _part(rest)


def _part(line: bytes) -> dict[str, Any]:
    return {"PayloadPart": {"Bytes": _checked(line.strip()) + b"\n"}}


def _checked(line: bytes) -> bytes:
    payload = line.removeprefix(b"data:").strip()
    if not payload or payload == b"[DONE]" or line.startswith((b":", b"event:", b"id:", b"retry:")):
        return line
    try:
        chunk = json.loads(payload)
    except ValueError:
        if payload.startswith(b"<"):
            raise ModelUnreachable("the container answered with a page in place of chat completions") from None
        raise ModelStreamBroken("the container wrote a line that is no JSON") from None
    if not isinstance(chunk, dict):
        raise ModelStreamBroken("the container wrote a line that is no JSON object")
    if chunk.get("error") or chunk.get("object") == "error":
        raise ModelUnavailable("the container said in its stream that it failed")
    usage = chunk.get("usage")
    if isinstance(usage, dict):
        chunk["usage"] = {name: usage[name] for name in _COUNTS if name in usage}
    return b"data: " + json.dumps(chunk).encode()
