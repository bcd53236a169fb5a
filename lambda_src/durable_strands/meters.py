"""Strands' own OpenTelemetry meters count a call once: in the pass that makes it, not in those that replay it.

What Strands counts of a tool, and the spans of model and tool calls, come from inside the step: once by themselves.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable
from typing import Any

from strands.telemetry.metrics import EventLoopMetrics

from durable_strands.errors import UnsafeAgent
from durable_strands.live import meters, place


class _Deaf:
    """Takes what is counted, and counts nothing."""

    def __getattr__(self, name: str) -> Any:
        return self

    def add(self, *_arguments: Any, **_named: Any) -> None: ...

    record = add


class _Patient:
    """Takes what is counted at the start of a turn, until it is known whether its model call is made or replayed."""

    def __init__(self, meters: Any) -> None:
        self._meters = meters
        self._taken: list[Callable[[], None]] = []

    def __getattr__(self, name: str) -> Any:
        taken, instrument = self._taken, getattr(self._meters, name)

        class Instrument:
            def add(self, *arguments: Any, **named: Any) -> None:
                taken.append(functools.partial(instrument.add, *arguments, **named))

            def record(self, *arguments: Any, **named: Any) -> None:
                taken.append(functools.partial(instrument.record, *arguments, **named))

        return Instrument()

    def count(self) -> None:
        for each in self._taken:
            each()


def decided(*, made: bool) -> None:
    """A call has ended: this pass has made it, or has only read its checkpoint."""
    waiting = meters.get()
    if made and isinstance(waiting, _Patient):
        waiting.count()
    meters.set(None if made else _Deaf())


@functools.cache
def install() -> None:
    """Let Strands' meters look whether their call is replayed; without a run they go on as ever.

    Raises:
        UnsafeAgent: Strands does not count as it was read.
    """
    own: Any = vars(EventLoopMetrics).get("_metrics_client")
    missing = [name for name in ("start_cycle", "add_tool_usage") if not hasattr(EventLoopMetrics, name)]
    if not isinstance(own, property) or own.fget is None or missing:
        raise UnsafeAgent("Strands' meters are not those that durable_strands relies on")
    read, start, add = own.fget, EventLoopMetrics.start_cycle, EventLoopMetrics.add_tool_usage

    def client(metrics: EventLoopMetrics) -> Any:
        return meters.get() or read(metrics)

    @functools.wraps(start)
    def start_cycle(metrics: EventLoopMetrics, attributes: dict[str, Any]) -> Any:
        if place.get() is not None:
            meters.set(_Patient(read(metrics)))
        return start(metrics, attributes)

    @functools.wraps(add)
    def add_tool_usage(metrics: EventLoopMetrics, *arguments: Any, **named: Any) -> None:
        # An agent that is a tool is left in the middle when its pass is suspended; it is counted when it ends.
        if place.get() is not None and isinstance(sys.exception(), asyncio.CancelledError | GeneratorExit):
            meters.set(_Deaf())
        add(metrics, *arguments, **named)

    EventLoopMetrics._metrics_client = property(client)  # type: ignore[assignment,method-assign]  # noqa: SLF001
    EventLoopMetrics.start_cycle = start_cycle  # type: ignore[assignment,method-assign]
    EventLoopMetrics.add_tool_usage = add_tool_usage  # type: ignore[assignment,method-assign]
