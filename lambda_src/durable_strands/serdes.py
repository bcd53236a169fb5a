"""How replies and tool results are written: plain JSON, readable in the console's history."""

from __future__ import annotations

import base64
import json
from typing import Any

from aws_durable_execution_sdk_python.serdes import SerDes, SerDesContext

LIMIT_BYTES = 261_120
"""255 KB. The service refuses a step result above 262,144 bytes by failing the whole execution:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#durable-functions-quotas"""

_BYTES = "$bytes"
_FOREIGN = "$json"
_MARKS = ({_BYTES}, {_FOREIGN})


class PlainJson(SerDes[Any]):
    """JSON with base64 for `bytes`, which tool results may hold (images, documents).

    The SDK's default tags every value with its type, which doubles small results and hides the text from a reader. An
    object that looks like one of the marks, which text from the web may, is wrapped so that it comes back as it was.
    """

    def serialize(self, value: Any, _context: SerDesContext | None = None) -> str:
        text = _written(value, ascii_only=False)
        if f'"{_BYTES}"' in text or f'"{_FOREIGN}"' in text:
            value = _wrapped(value)
            text = _written(value, ascii_only=False)
        # The SDK compares characters, and the service bytes, with the same limit: near it they must be the same.
        return text if _fits(text) else _written(value, ascii_only=True)

    def deserialize(self, data: str, _context: SerDesContext | None = None) -> Any:
        if _BYTES not in data and _FOREIGN not in data:
            return json.loads(data)
        return _unwrapped(json.loads(data))


def _written(value: Any, *, ascii_only: bool) -> str:
    return json.dumps(value, separators=(",", ":"), default=_encode, ensure_ascii=ascii_only)


def _fits(text: str) -> bool:
    try:
        return len(text.encode()) <= LIMIT_BYTES
    except UnicodeEncodeError:
        return False  # half a surrogate pair has no UTF-8


def _encode(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return {_BYTES: base64.b64encode(value).decode()}
    raise TypeError(f"a value of type {type(value).__name__} cannot be checkpointed")


def _wrapped(value: Any) -> Any:
    if isinstance(value, dict):
        inner = {key: _wrapped(item) for key, item in value.items()}
        return {_FOREIGN: inner} if value.keys() in _MARKS else inner
    return [_wrapped(item) for item in value] if isinstance(value, list | tuple) else value


def _unwrapped(value: Any) -> Any:
    if isinstance(value, list):
        return [_unwrapped(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {_BYTES} and isinstance(value[_BYTES], str):
        return base64.b64decode(value[_BYTES])
    if value.keys() == {_FOREIGN} and isinstance(value[_FOREIGN], dict):
        return {key: _unwrapped(item) for key, item in value[_FOREIGN].items()}
    return {key: _unwrapped(item) for key, item in value.items()}
