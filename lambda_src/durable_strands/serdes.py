"""How replies and tool results are written: plain JSON, readable in the console's history."""

from __future__ import annotations

import base64
import json
from typing import Any

from aws_durable_execution_sdk_python.serdes import SerDes, SerDesContext

_BYTES = "$bytes"


class PlainJson(SerDes[Any]):
    """JSON with base64 for `bytes`, which tool results may hold (images, documents).

    The SDK's default tags every value with its type, which doubles small results and hides the text from a reader. Only
    ASCII is written, because the SDK compares characters, and the service bytes, with the same limit.
    """

    def serialize(self, value: Any, _context: SerDesContext | None = None) -> str:
        return json.dumps(value, separators=(",", ":"), default=_encode)

    def deserialize(self, data: str, _context: SerDesContext | None = None) -> Any:
        return json.loads(data, object_hook=_decode)


def _encode(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return {_BYTES: base64.b64encode(value).decode()}
    raise TypeError(f"a value of type {type(value).__name__} cannot be checkpointed")


def _decode(document: dict[str, Any]) -> Any:
    return base64.b64decode(document[_BYTES]) if document.keys() == {_BYTES} else document
