"""Tool calls of a run: each one a step; the calls of one turn side by side, their results in the model's order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

from strands.middleware import ExecuteToolContext, ToolResultEvent
from strands.tools.structured_output.structured_output_tool import StructuredOutputTool

from durable_strands.errors import AgentInterrupted
from durable_strands.live import LiveRun, Relay
from durable_strands.records import CallRecord
from durable_strands.tool_steps import INTERRUPTED, ToolCall, ToolSteps, tool_result

Next = Callable[[ExecuteToolContext], AsyncGenerator[Any, None]]

position: ContextVar[int] = ContextVar("position", default=0)


class ToolCalls:
    """Makes the tool calls of one pass.

    The calls of a turn are collected until every one of them has either asked for its step or ended without one (a hook
    cancelled it), then made together: so the order of operations follows the model's order, never a race.
    """

    def __init__(self, run: LiveRun) -> None:
        self._run = run
        self._single = ToolSteps(run)
        self._count = 0
        self._batches = 0
        self._unfinished = 0
        self._asked: list[ToolCall] = []

    def expect(self, calls: int) -> None:
        """A turn with `calls` tool calls begins."""
        self._unfinished = calls

    def ended(self) -> None:
        """One call of the turn is over."""
        self._unfinished -= 1
        self._flush_when_complete()

    async def stage(self, context: ExecuteToolContext, next_fn: Next) -> AsyncGenerator[Any, None]:
        """Strands' tool stage."""
        options = self._run.options.of_tool(context.tool_use["name"])
        # An unknown tool is answered by Strands; structured output is validation, not an act. Both repeat on replay.
        if context.tool is None or isinstance(context.tool, StructuredOutputTool) or not options.durable:
            async for event in next_fn(context):
                yield event
            return
        relay: Relay[dict[str, Any]] = Relay()

        async def make() -> tuple[dict[str, Any], Exception | None]:
            return await tool_result(next_fn(context), relay)

        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked.append(ToolCall(position.get(), context.tool_use["name"], context, options, make, relay, answer))
        self._flush_when_complete()
        async for event in relay.events(answer):
            yield event
        result: Any = {**relay.value, "toolUseId": context.tool_use["toolUseId"]}
        yield ToolResultEvent(result)

    def _flush_when_complete(self) -> None:
        if not self._asked or len(self._asked) < self._unfinished:
            return
        batch, self._asked = sorted(self._asked, key=lambda call: call.position), []
        for call in batch:
            self._count += 1
            call.name = f"tool-{self._count}-{call.tool_name}"
        self._batches += 1
        work = self._run.bridge.on_caller_thread(partial(self._steps, f"tools-{self._batches}", batch))
        asyncio.ensure_future(work).add_done_callback(partial(_hand_out, batch))

    def _steps(self, name: str, batch: list[ToolCall]) -> list[dict[str, Any]]:
        if len(batch) == 1:
            kept = [self._single.make(batch[0], self._run.operations)]
        else:
            branches = [(call.name, partial(self._single.make, call)) for call in batch]
            kept = self._run.operations.together(name, branches, self._run.options.max_parallel_tools)
        for value in kept:
            self._run.remember(CallRecord.from_dict(value["record"]))
        if any(value.get("interrupted") for value in kept):
            raise AgentInterrupted(INTERRUPTED, calls=tuple(self._run.calls))
        return [value["result"] for value in kept]


def _hand_out(batch: list[ToolCall], task: asyncio.Future[list[dict[str, Any]]]) -> None:
    if task.cancelled():
        for call in batch:
            call.answer.cancel()
    elif (error := task.exception()) is not None:
        for call in batch:
            call.answer.set_exception(error)
    else:
        for call, result in zip(batch, task.result(), strict=True):
            if not call.answer.done():
                call.answer.set_result(result)
