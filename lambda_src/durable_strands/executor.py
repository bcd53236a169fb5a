"""A Strands tool executor whose concurrency is the durable engine's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

from strands.tools.executors._executor import ToolExecutor

from durable_strands.meters import decided
from durable_strands.tool_calls import ToolCalls, position

_END = object()


class DurableToolExecutor(ToolExecutor):
    """Starts the tool calls of a turn together; `ToolCalls` makes them as durable steps.

    Strands' own concurrent executor swallows what the durable SDK raises to suspend an execution. Here nothing durable
    is raised into Strands, and the results stand in the order in which the model asked.
    """

    def __init__(self, calls: ToolCalls) -> None:
        self._calls = calls

    async def _execute(  # noqa: PLR0917 - Strands' signature
        self,
        agent: Any,
        tool_uses: list[Any],
        tool_results: list[Any],
        cycle_trace: Any,
        cycle_span: Any,
        invocation_state: dict[str, Any],
        structured_output_context: Any = None,
    ) -> AsyncGenerator[Any, None]:
        events: asyncio.Queue[Any] = asyncio.Queue()
        results: list[list[Any]] = [[] for _ in tool_uses]

        def stream(index: int) -> AsyncGenerator[Any, None]:
            return ToolExecutor._stream_with_trace(  # noqa: SLF001 - how Strands' executors run a tool
                agent, tool_uses[index], results[index], cycle_trace, cycle_span, invocation_state,
                structured_output_context,
            )  # fmt: skip

        self._calls.expect(len(tool_uses))
        tasks = [asyncio.ensure_future(self._one(index, stream, events)) for index in range(len(tool_uses))]
        try:
            for _ in tasks:
                while (event := await events.get()) is not _END:
                    yield event
            await asyncio.gather(*tasks)
            if self._calls.made_any:
                decided(made=True)
        finally:
            for task in tasks:
                task.cancel()
        tool_results.extend(result for own in results for result in own)

    async def _one(
        self, index: int, stream: Callable[[int], AsyncGenerator[Any, None]], events: asyncio.Queue[Any]
    ) -> None:
        position.set(index)
        try:
            await self._calls.turn_of(index)
            async for event in stream(index):
                events.put_nowait(event)
        finally:
            self._calls.ended(index)
            events.put_nowait(_END)
