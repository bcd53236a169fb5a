"""How replies and tool results are written: plain JSON, readable in the console's history."""

from __future__ import annotations

import base64
import json
import re
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
        text = self.readable(value)
        # The SDK compares characters, and the service bytes, with the same limit: near it they must be the same.
        return text if len(text.encode()) <= LIMIT_BYTES else _in_ascii(text)

    def readable(self, value: Any) -> str:
        """The same at any length in as few bytes as UTF-8 takes, for where no engine compares lengths."""
        text = _written(value)
        if f'"{_BYTES}"' in text or f'"{_FOREIGN}"' in text:
            text = _written(_wrapped(value))
        return compact(text)

    def deserialize(self, data: str, _context: SerDesContext | None = None) -> Any:
        if _BYTES not in data and _FOREIGN not in data:
            return json.loads(data)
        return _unwrapped(json.loads(data))


def compact(text: str) -> str:
    """A JSON text as it is, or in ASCII if UTF-8 cannot write it: half a surrogate pair, which a model may send."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _in_ascii(text)
    return text


def _written(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=_encode, ensure_ascii=False)


def _in_ascii(text: str) -> str:
    """The same JSON: outside ASCII it has letters within strings only."""
    return re.sub(r"[^\x00-\x7f]+", lambda letters: json.dumps(letters[0])[1:-1], text)


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
