"""Tool calls of a run: each one a step; the calls of one turn side by side, their results in the model's order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

from strands.interrupt import Interrupt
from strands.middleware import ExecuteToolContext, ToolResultEvent
from strands.tools.structured_output.structured_output_tool import StructuredOutputTool
from strands.types._events import ToolInterruptEvent

from durable_strands import own_state, raised
from durable_strands.errors import AgentInterrupted, UnsafeAgent
from durable_strands.kept import KeptTool
from durable_strands.live import LiveRun, Relay
from durable_strands.snapshot import Change
from durable_strands.tool_steps import INTERRUPTED, ToolCall, ToolSteps

Next = Callable[[ExecuteToolContext], AsyncGenerator[Any, None]]

position: ContextVar[int] = ContextVar("position", default=0)


class ToolCalls:
    """Makes the tool calls of one agent in one pass.

    The calls of a turn are collected until every one of them has either asked for its step or ended without one (a hook
    cancelled it), then made together: so the order of operations follows the model's order, never a race. For the same
    reason the hooks around them run one call after the other, in that order.
    """

    def __init__(self, run: LiveRun, agent: Any, asker: str = "") -> None:
        self._run = run
        self._asker = asker
        self._single = ToolSteps(run, agent)
        self._unfinished = 0
        self.made_any = False
        self._asked: list[ToolCall] = []
        self._before: list[asyncio.Event] = []
        self._answered: dict[int, asyncio.Event] = {}

    def expect(self, calls: int) -> None:
        """A turn with `calls` tool calls begins."""
        self._unfinished, self.made_any = calls, False
        self._before = [asyncio.Event() for _ in range(calls + 1)]
        self._before[0].set()
        self._answered.clear()

    async def turn_of(self, index: int) -> None:
        """Wait until the hooks before the earlier calls of the turn have run."""
        await self._before[index].wait()

    def ended(self, index: int) -> None:
        """One call of the turn is over."""
        self._unfinished -= 1
        self._settled(index)
        self._flush_when_complete()

    async def stage(self, context: ExecuteToolContext, next_fn: Next) -> AsyncGenerator[Any, None]:
        """Strands' tool stage."""
        options = self._run.options.of_tool(context.tool_use["name"])
        # Structured output is validation, not an act: it repeats on replay. An unknown tool is answered by Strands,
        # in a step too: a tool that is not there any more at a replay keeps the answer that it gave.
        if isinstance(context.tool, StructuredOutputTool) or not options.durable:
            async for event in next_fn(context):
                yield event
            return
        relay: Relay[KeptTool] = Relay()
        answer: asyncio.Future[KeptTool] = asyncio.get_running_loop().create_future()
        call = ToolCall(position.get(), context, options, partial(next_fn, context), relay, answer)
        self._asked.append(call)
        self._settled(call.position)
        self._flush_when_complete()
        async for event in relay.events(answer):
            yield event
        for earlier in [at for at in self._answered if at < call.position]:
            await self._answered[earlier].wait()
        yield _as_event(call, relay.value)

    def _settled(self, index: int) -> None:
        if index + 1 < len(self._before):
            self._before[index + 1].set()
        if index in self._answered:
            self._answered[index].set()

    def _flush_when_complete(self) -> None:
        if not self._asked or len(self._asked) < self._unfinished:
            return
        batch, self._asked = sorted(self._asked, key=lambda call: call.position), []
        for call in batch:
            call.name = f"{self._asker}tool-{self._run.number(f'{self._asker}tool')}-{call.tool_name}"
        name = f"{self._asker}tools-{self._run.number(f'{self._asker}tools')}"
        work = self._run.desk.ask(partial(self._steps, name, batch))
        asyncio.ensure_future(work).add_done_callback(partial(self._hand_out, batch))

    def _steps(self, name: str, batch: list[ToolCall]) -> list[KeptTool]:
        branches = [(call.name, partial(self._single.make, call)) for call in batch]
        values = self._run.operations.together(name, branches, self._run.options.max_parallel_tools)
        kept = [KeptTool.from_dict(value) for value in values]
        for call, each in zip(batch, kept, strict=True):
            self._run.take_over(list(each.calls), call.told)
            self._run.remember(each.record)
        self.made_any |= any(call.applied for call in batch)
        self._apply(batch, kept)
        if any(each.interrupted for each in kept):
            raise AgentInterrupted(INTERRUPTED, calls=tuple(self._run.calls))
        return kept

    def _apply(self, batch: list[ToolCall], kept: list[KeptTool]) -> None:
        for call, each in zip(batch, kept, strict=True):
            self._single.apply(call, each)
        # Calls that ran side by side may have written the same key: the one that ended last has the last word.
        both = sorted(zip(batch, kept, strict=True), key=lambda pair: pair[1].ended_at)
        for call, each in both if len(batch) > 1 else ():
            self._single.apply_values(call, each)
        for call, each in both:
            own_state.merge(self._run.own, {call.tool_name: each.own})
            own_state.merge(self._run.own, each.owns, f"{call.tool_name}/")
        changed = [(call.tool_name, Change.from_dict(each.changed)) for call, each in both]
        for tool_name, change in changed:
            if change.live:
                raise UnsafeAgent(
                    f"tool {tool_name!r} cannot run durably: it puts what is not JSON into invocation_state "
                    f"({', '.join(change.live)}), which a replay would lack; put it there before the run, or give the "
                    "tool ToolOptions(durable=False)",
                    calls=tuple(self._run.calls),
                )
            if tools := change.tools:
                raise UnsafeAgent(
                    f"tool {tool_name!r} cannot run durably: it registers or removes tools ({', '.join(tools)}), which "
                    "a replay would lack; register them before the run, or give the tool ToolOptions(durable=False)",
                    calls=tuple(self._run.calls),
                )

    def _hand_out(self, batch: list[ToolCall], task: asyncio.Future[list[KeptTool]]) -> None:
        if task.cancelled():
            for call in batch:
                call.answer.cancel()
        elif (error := task.exception()) is not None:
            for call in batch:
                call.answer.set_exception(error)
        else:
            self._answered.update({call.position: asyncio.Event() for call in batch})
            for call, kept in zip(batch, task.result(), strict=True):
                if not call.answer.done():
                    call.answer.set_result(kept)


def _as_event(call: ToolCall, kept: KeptTool) -> Any:
    use = call.context.tool_use
    if kept.interrupts:
        return ToolInterruptEvent(use, [Interrupt(**interrupt) for interrupt in kept.interrupts])
    result: Any = {**kept.result, "toolUseId": use["toolUseId"]}
    return ToolResultEvent(result, exception=raised.raise_again(kept.raised))
