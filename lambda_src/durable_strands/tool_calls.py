"""Tool calls of a run: each one a step; the calls of one turn side by side, their results in the model's order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, DurableOperationError, StepContext
from strands.middleware import ExecuteToolContext, ToolResultEvent
from strands.tools.structured_output.structured_output_tool import StructuredOutputTool

from durable_strands.bridge import Overdue
from durable_strands.errors import AgentFailed, AgentInterrupted, DeadlineExceeded, rebuild
from durable_strands.live import LiveRun, Relay
from durable_strands.observer import safely
from durable_strands.operations import Operations
from durable_strands.options import ToolOptions
from durable_strands.records import CallRecord
from durable_strands.retries import never_retry, retry_interrupted
from durable_strands.sizes import checkpoint_bytes

Next = Callable[[ExecuteToolContext], AsyncGenerator[Any, None]]

INTERRUPTED = "a tool asked for a Strands interrupt; let a durable tool wait for the person instead"

position: ContextVar[int] = ContextVar("position", default=0)


class ToolRaised(Exception):
    """A tool raised; carries its message."""


@dataclass
class _Asked:
    """One tool call that waits for its turn's step."""

    position: int
    tool_name: str
    context: ExecuteToolContext
    options: ToolOptions
    make: Callable[[], Any]
    relay: Relay[Any]
    answer: asyncio.Future[dict[str, Any]]
    name: str = ""


class ToolCalls:
    """Makes the tool calls of one pass.

    The calls of a turn are collected until every one of them has either asked for its step or ended without one (a hook
    cancelled it), then made together: so the order of operations follows the model's order, never a race.
    """

    def __init__(self, run: LiveRun) -> None:
        self._run = run
        self._count = 0
        self._batches = 0
        self._unfinished = 0
        self._asked: list[_Asked] = []

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
            return await _result(next_fn(context), relay)

        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked.append(_Asked(position.get(), context.tool_use["name"], context, options, make, relay, answer))
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

    def _steps(self, name: str, batch: list[_Asked]) -> list[dict[str, Any]]:
        if len(batch) == 1:
            kept = [self._one(batch[0], self._run.operations)]
        else:
            branches = [(call.name, partial(self._one, call)) for call in batch]
            kept = self._run.operations.together(name, branches, self._run.options.max_parallel_tools)
        for value in kept:
            self._run.remember(CallRecord.from_dict(value["record"]))
        if any(value.get("interrupted") for value in kept):
            raise AgentInterrupted(INTERRUPTED, calls=tuple(self._run.calls))
        return [value["result"] for value in kept]

    def _one(self, call: _Asked, operations: Operations) -> dict[str, Any]:
        options = call.options
        retry = never_retry if options.at_most_once else options.retry or retry_interrupted()
        waiting = getattr(call.context.tool, "durable_function", None)
        try:
            if waiting is not None:
                return operations.context(call.name, partial(self._wait, call, waiting))
            return operations.step(call.name, partial(self._attempt, call), retry)
        except AgentFailed:
            raise
        except DurableOperationError as error:
            failure = rebuild(error)
            # Outside any step, so it must not name the invocation: this line runs again, in another one, on a replay.
            kept = self._kept(call, _error(f"tool {call.tool_name} failed: {failure.message}"), 0, 1, invocation="")
            return {**kept, "interrupted": isinstance(failure, AgentInterrupted)}

    def _wait(self, call: _Asked, waiting: Callable[..., Any], context: DurableContext) -> dict[str, Any]:
        try:
            arguments = call.context.tool._metadata.validate_input(call.context.tool_use["input"])  # type: ignore[union-attr]  # noqa: SLF001
        except ValueError as error:
            return self._kept(call, _error(str(error)), 0, 1)
        value = waiting(context, **arguments)
        content = {"text": value} if isinstance(value, str) else {"json": value}
        return self._kept(call, self._bounded(call, {"status": "success", "content": [content]}), 0, 1)

    def _attempt(self, call: _Asked, step: StepContext) -> dict[str, Any]:
        started = time.monotonic()
        left = self._run.seconds_left()
        seconds = min(call.options.timeout_seconds, left) if left is not None else call.options.timeout_seconds
        try:
            result, raised = self._run.bridge.in_loop(call.make, call.relay.context, seconds)
        except Overdue:
            if left is not None and left < call.options.timeout_seconds:
                raise DeadlineExceeded(f"tool {call.tool_name} was not finished before the Lambda timeout") from None
            result, raised = _error(f"tool {call.tool_name} did not return within {seconds:g} seconds"), None
        if raised is not None and call.options.retry is not None and self._run.operations.retries_calls:
            raise ToolRaised(str(raised)) from raised
        latency = round((time.monotonic() - started) * 1000)
        kept = self._kept(call, self._bounded(call, result), latency, step.attempt)
        safely(self._run.observer.call_made, CallRecord.from_dict(kept["record"]))
        return kept

    def _bounded(self, call: _Asked, result: dict[str, Any]) -> dict[str, Any]:
        try:
            size = checkpoint_bytes(result)
        except (TypeError, ValueError) as error:
            return _error(f"tool {call.tool_name} returned a value that is not JSON: {error}")
        limit = call.options.max_result_bytes
        if size > limit:
            return _error(f"tool {call.tool_name} returned {size} bytes; a result may have at most {limit}")
        return result

    def _kept(
        self, call: _Asked, result: dict[str, Any], latency_ms: int, attempts: int, invocation: str | None = None
    ) -> dict[str, Any]:
        record = CallRecord(
            self._run.name, call.name, "tool", latency_ms=latency_ms, attempts=attempts,
            stop_reason=result.get("status", "success"),
            invocation=self._run.invocation if invocation is None else invocation,
        )  # fmt: skip
        return {"result": result, "record": record.to_dict()}


async def _result(events: AsyncGenerator[Any, None], relay: Relay[Any]) -> tuple[dict[str, Any], Exception | None]:
    last: ToolResultEvent | None = None
    async for event in events:
        if isinstance(event, ToolResultEvent):
            last = event
        else:
            relay.put(event)
    if last is None:
        raise AgentInterrupted(INTERRUPTED)
    content = {key: value for key, value in last.tool_result.items() if key in ("status", "content")}
    return content, last.exception


def _hand_out(batch: list[_Asked], task: asyncio.Future[list[dict[str, Any]]]) -> None:
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


def _error(text: str) -> dict[str, Any]:
    return {"status": "error", "content": [{"text": text}]}
