"""How many bytes a value takes in a checkpoint."""

from __future__ import annotations

from typing import Any

from aws_durable_execution_sdk_python.serdes import ExtendedTypeSerDes, SerDesContext

from durable_strands.errors import ResultTooLarge
from durable_strands.records import Usage

_SERDES: ExtendedTypeSerDes[Any] = ExtendedTypeSerDes()


def checkpoint_bytes(value: Any) -> int:
    """Bytes of `value` as the durable SDK writes it.

    Raises:
        SerDesError: The value cannot be written.
    """
    return len(_SERDES.serialize(value, SerDesContext()).encode())


def refuse_oversize(value: Any, limit: int, usage: Usage) -> None:
    """Fail cleanly where the service would fail the whole execution, and a local engine would not fail at all.

    Raises:
        ResultTooLarge: `value` takes more than `limit` bytes.
    """
    size = checkpoint_bytes(value)
    if size > limit:
        raise ResultTooLarge(f"a checkpointed result must be at most {limit} bytes, got {size}", usage)
