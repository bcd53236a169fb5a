"""One pass of one agent: what its calls share, and the ledger they write."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncGenerator, Awaitable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from durable_strands.bridge import Bridge
from durable_strands.errors import DeadlineExceeded
from durable_strands.observer import Observer
from durable_strands.operations import Operations
from durable_strands.options import RunOptions
from durable_strands.records import CallRecord

T = TypeVar("T")


@dataclass
class LiveRun:
    """The state of a pass. It is rebuilt from checkpoints on every replay, so nothing in it is kept anywhere else."""

    name: str
    operations: Operations
    options: RunOptions
    observer: Observer
    lambda_context: Any
    bridge: Bridge = field(default_factory=Bridge)
    calls: list[CallRecord] = field(default_factory=list)

    def remember(self, record: CallRecord) -> None:
        """Note a finished call and tell the observer, once per pass."""
        self.calls.append(record)
        self.observer.call_returned(record)

    @property
    def invocation(self) -> str:
        """Request id of this invocation; read only inside steps, since a replay has another one."""
        return str(getattr(self.lambda_context, "aws_request_id", "") or "")

    def seconds_left(self) -> float | None:
        """Seconds a call may still take in this invocation; None without a Lambda context.

        Raises:
            DeadlineExceeded: Nothing is left; the next attempt starts in a new invocation.
        """
        remaining = getattr(self.lambda_context, "get_remaining_time_in_millis", None)
        if remaining is None:
            return None
        left = float(remaining()) / 1000 - self.options.deadline_margin_seconds
        if left <= 0:
            raise DeadlineExceeded(
                f"{self.options.deadline_margin_seconds:g} seconds before the Lambda timeout are kept"
            )
        return left


_END = object()


class Relay(Generic[T]):
    """Hands the events of a call to Strands while the step that makes the call runs on another thread."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[Any] = asyncio.Queue()
        self.context = contextvars.copy_context()
        self.value: T

    def put(self, event: Any) -> None:
        """Pass an event on; called from the loop."""
        self._events.put_nowait(event)

    async def events(self, work: Awaitable[T]) -> AsyncGenerator[Any, None]:
        """The events until `work` is done; its value is in `value` then."""
        task = asyncio.ensure_future(work)
        task.add_done_callback(lambda _: self._events.put_nowait(_END))
        try:
            while (event := await self._events.get()) is not _END:
                yield event
            self.value = task.result()
        finally:
            task.cancel()
