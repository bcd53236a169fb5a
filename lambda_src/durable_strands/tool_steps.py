"""One tool call as a durable operation: made once, bounded in time and size, its failure told to the model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, DurableOperationError, StepContext
from strands.middleware import ExecuteToolContext, ToolResultEvent

from durable_strands.bridge import Overdue
from durable_strands.errors import AgentFailed, AgentInterrupted, DeadlineExceeded, rebuild
from durable_strands.live import LiveRun, Relay
from durable_strands.observer import safely
from durable_strands.operations import Operations
from durable_strands.options import ToolOptions
from durable_strands.records import CallRecord
from durable_strands.retries import never_retry, retry_interrupted
from durable_strands.sizes import checkpoint_bytes

INTERRUPTED = "a tool asked for a Strands interrupt; let a durable tool wait for the person instead"


class ToolRaised(Exception):
    """A tool raised; carries its message."""


@dataclass
class ToolCall:
    """One tool call that waits for its turn's step.

    Attributes:
        position: Its place in the model's order.
        tool_name: As the model called it.
        context: Strands' context of the call.
        options: How it is run.
        make: Runs the tool in the agent's loop.
        relay: Passes its events on.
        answer: Settled with the tool result.
        name: Name of its operation, given when its turn is complete.
    """

    position: int
    tool_name: str
    context: ExecuteToolContext
    options: ToolOptions
    make: Callable[[], Any]
    relay: Relay[Any]
    answer: asyncio.Future[dict[str, Any]]
    name: str = ""


class ToolSteps:
    """Makes single tool calls of a run."""

    def __init__(self, run: LiveRun) -> None:
        self._run = run

    def make(self, call: ToolCall, operations: Operations) -> dict[str, Any]:
        """Make `call` under `operations`; its result and record, a failure of the tool included.

        Raises:
            AgentFailed: The run itself cannot go on.
        """
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

    def _wait(self, call: ToolCall, waiting: Callable[..., Any], context: DurableContext) -> dict[str, Any]:
        try:
            arguments = call.context.tool._metadata.validate_input(call.context.tool_use["input"])  # type: ignore[union-attr]  # noqa: SLF001
        except ValueError as error:
            return self._kept(call, _error(str(error)), 0, 1)
        value = waiting(context, **arguments)
        content = {"text": value} if isinstance(value, str) else {"json": value}
        return self._kept(call, self._bounded(call, {"status": "success", "content": [content]}), 0, 1)

    def _attempt(self, call: ToolCall, step: StepContext) -> dict[str, Any]:
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

    def _bounded(self, call: ToolCall, result: dict[str, Any]) -> dict[str, Any]:
        try:
            size = checkpoint_bytes(result)
        except (TypeError, ValueError) as error:
            return _error(f"tool {call.tool_name} returned a value that is not JSON: {error}")
        limit = call.options.max_result_bytes
        if size > limit:
            return _error(f"tool {call.tool_name} returned {size} bytes; a result may have at most {limit}")
        return result

    def _kept(
        self, call: ToolCall, result: dict[str, Any], latency_ms: int, attempts: int, invocation: str | None = None
    ) -> dict[str, Any]:
        record = CallRecord(
            self._run.name, call.name, "tool", latency_ms=latency_ms, attempts=attempts,
            stop_reason=result.get("status", "success"),
            invocation=self._run.invocation if invocation is None else invocation,
        )  # fmt: skip
        return {"result": result, "record": record.to_dict()}


async def tool_result(events: AsyncGenerator[Any, None], relay: Relay[Any]) -> tuple[dict[str, Any], Exception | None]:
    """The result that Strands' tool stage ends with, and what the tool raised; its other events go to `relay`.

    Raises:
        AgentInterrupted: The tool asked for a Strands interrupt instead.
    """
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


def _error(text: str) -> dict[str, Any]:
    return {"status": "error", "content": [{"text": text}]}
