"""Counts the calls that reach the durable engine's API while a function runs in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from aws_durable_execution_sdk_python_testing.client import InMemoryServiceClient

Call = tuple[tuple[str, str], ...]
"""One CheckpointDurableExecution call: (operation id, operation type) of each update in it."""


@contextmanager
def counted() -> Iterator[list[Call]]:
    """Inside, every checkpoint call is appended to the list."""
    calls: list[Call] = []
    real = InMemoryServiceClient.checkpoint

    def checkpoint(client: Any, *, updates: Any, **given: Any) -> Any:
        calls.append(tuple((update.operation_id, update.operation_type.value) for update in updates))
        return real(client, updates=updates, **given)

    with patch.object(InMemoryServiceClient, "checkpoint", checkpoint):
        yield calls


def operations(calls: list[Call], kind: str | None = None) -> int:
    """Distinct operations, of one type or all."""
    return len({identity for call in calls for identity, type_ in call if kind in (None, type_)})
