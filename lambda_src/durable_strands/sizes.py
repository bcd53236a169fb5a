"""How many bytes a value takes in a checkpoint."""

from __future__ import annotations

from typing import Any

from durable_strands.errors import ResultTooLarge
from durable_strands.records import Usage
from durable_strands.serdes import LIMIT_BYTES, PlainJson

__all__ = ["LIMIT_BYTES", "checkpoint_bytes", "refuse_oversize"]

_SERDES = PlainJson()


def checkpoint_bytes(value: Any) -> int:
    """Bytes of `value` as it is written.

    Raises:
        TypeError: The value is not JSON.
        ValueError: The value refers to itself.
    """
    return len(_SERDES.serialize(value).encode())


def refuse_oversize(value: Any, limit: int, usage: Usage, unknown: int) -> None:
    """Fail cleanly where the service would fail the whole execution, and a local engine would not fail at all.

    Args:
        value: what is to be written.
        limit: most bytes it may take.
        usage: the known tokens that it cost.
        unknown: how many of its calls cost an unknown number of tokens.

    Raises:
        ResultTooLarge: `value` takes more than `limit` bytes.
    """
    size = checkpoint_bytes(value)
    if size > limit:
        raise ResultTooLarge(f"a checkpointed result must be at most {limit} bytes, got {size}", usage, unknown=unknown)
