"""One tool call as a durable operation: made once, bounded in time and size, its failure told to the model."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, DurableOperationError, StepContext
from strands.agent._agent_as_tool import _AgentAsTool
from strands.interrupt import InterruptException, _InterruptState
from strands.middleware import ExecuteToolContext, ToolResultEvent
from strands.types._events import ToolInterruptEvent

from durable_strands import own_state, raised
from durable_strands.bridge import Overdue, in_loop
from durable_strands.errors import (
    AgentFailed,
    AgentInterrupted,
    DeadlineExceeded,
    RedriveRefused,
    UnsafeAgent,
    rebuild,
)
from durable_strands.gate import hold_tool
from durable_strands.kept import KeptTool
from durable_strands.live import Below, LiveRun, Place, Relay, below
from durable_strands.observer import safely
from durable_strands.operations import Operations
from durable_strands.options import ToolOptions
from durable_strands.records import CallRecord
from durable_strands.retries import never_retry, retry_interrupted
from durable_strands.sizes import checkpoint_bytes
from durable_strands.snapshot import Change, Snapshot, agents_below

INTERRUPTED = "a tool asked for a Strands interrupt; give run_agent interrupts=, or let a durable tool wait instead"


class ToolRaised(AgentFailed):
    """A tool raised, and its retries are used up."""


@dataclass
class ToolCall:
    """One tool call that waits for its turn's step.

    Attributes:
        position: Its place in the model's order.
        context: Strands' context of the call.
        options: How it is run.
        events: Runs the tool in the agent's loop.
        relay: Passes its events on.
        answer: Settled with what is kept of it.
        name: Name of its operation, given when its turn is complete.
        applied: Whether what it changed is in the agent: it ran in this pass, or was applied from its checkpoint.
        told: How many calls of an agent used as a tool the observer saw in this pass.
        deferrals: How often its step was put off.
    """

    position: int
    context: ExecuteToolContext
    options: ToolOptions
    events: Callable[[], AsyncGenerator[Any, None]]
    relay: Relay[Any]
    answer: asyncio.Future[KeptTool]
    name: str = ""
    applied: bool = False
    told: int = 0
    deferrals: int = 0

    @property
    def tool_name(self) -> str:
        """As the model called it."""
        return self.context.tool_use["name"]

    @property
    def is_agent(self) -> bool:
        """Whether the tool is an agent, whose calls are operations of their own."""
        return isinstance(self.context.tool, _AgentAsTool)


@dataclass(frozen=True)
class _Outcome:
    """What became of a tool call in the agent's loop; the changes as they are kept."""

    result: dict[str, Any]
    raised: Exception | None = None
    interrupts: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[str, Any] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)


class ToolSteps:
    """Makes single tool calls of an agent."""

    def __init__(self, run: LiveRun, agent: Any) -> None:
        self._run = run
        self._agent = agent

    def make(self, call: ToolCall, operations: Operations) -> dict[str, Any]:
        """Make `call` under `operations`; its result and record, a failure of the tool included.

        Raises:
            AgentFailed: The run itself cannot go on.
        """
        retry = never_retry if call.options.at_most_once else call.options.retry or retry_interrupted()
        waiting = getattr(call.context.tool, "durable_function", None)
        try:
            if waiting is not None:
                return operations.context(call.name, partial(self._wait, call, waiting))
            if call.is_agent:
                return operations.nested(call.name, partial(self._nested, call))
            call.deferrals = hold_tool(self._run, operations, call.name, call.options.timeout_seconds)
            return operations.step(call.name, partial(self._attempt, call), retry)
        except AgentFailed:
            raise
        except DurableOperationError as error:
            failure = rebuild(error)
            if call.is_agent:
                raise self._run.failed_below(failure, call.told) from error
            if isinstance(failure, UnsafeAgent):
                raise failure.after(tuple(self._run.calls)) from error
            return self._failed(call, failure).to_dict()

    def apply(self, call: ToolCall, kept: KeptTool) -> None:
        """Make again what a call of an earlier pass changed."""
        if call.applied:
            return
        call.applied = True
        Change.from_dict(kept.changed).apply(self._agent, call.context.invocation_state)
        own_state.apply(call.context.tool, self._run.operation(call.name), kept.own)
        if kept.resume is not None:
            self._agent._interrupt_state.context.update(kept.resume)  # noqa: SLF001 - checked in `safety`
        if call.is_agent:
            agent = call.context.tool.agent  # type: ignore[union-attr]
            for path, each in {"": agent, **agents_below(agent)}.items():
                Change.from_dict(kept.agents.get(path)).apply(each, {})
                if path in kept.asking:
                    state = copy.deepcopy(kept.asking[path])
                    each._interrupt_state = _InterruptState.from_dict(state)  # noqa: SLF001 - checked in `safety`
            own_state.apply_all(agent, self._run.operation(call.name), kept.owns)

    def apply_values(self, call: ToolCall, kept: KeptTool) -> None:
        """Set the states that a call left."""
        Change.from_dict(kept.changed).apply_values(self._agent, call.context.invocation_state)
        own_state.apply(call.context.tool, self._run.operation(call.name), kept.own)

    def _failed(self, call: ToolCall, failure: AgentFailed) -> KeptTool:
        # Outside any step, so it must not name the invocation: this line runs again, in another one, on a replay.
        attempts = failure.details.get("attempt", 1)
        error = _told(call, failure)
        return replace(
            self._kept(call, error, 0, attempts, invocation=""),
            raised=failure.details.get("raised"),
            changed=failure.details.get("changed", {}),
            own=failure.details.get("own", {}),
            interrupted=isinstance(failure, AgentInterrupted),
        )

    def _wait(self, call: ToolCall, waiting: Callable[..., Any], context: DurableContext) -> dict[str, Any]:
        try:
            arguments = call.context.tool._metadata.validate_input(call.context.tool_use["input"])  # type: ignore[union-attr]  # noqa: SLF001
        except ValueError as error:
            return self._kept(call, _error(str(error)), 0, 1).to_dict()
        spent = Below(self._run.observer)
        ours = below.set(spent)
        try:
            value = waiting(context, **arguments)
        except (AgentInterrupted, RedriveRefused, UnsafeAgent):
            raise
        except AgentFailed as failure:
            if not spent.failures:  # not of an agent that the tool ran
                raise
            result = _told(call, failure)
        else:
            content = {"text": value} if isinstance(value, str) else {"json": value}
            result = self._bounded(call, {"status": "success", "content": [content]})
        finally:
            below.reset(ours)
        calls = spent.ended(self._run.name)
        call.told = len(calls)
        return replace(self._kept(call, result, 0, 1), calls=calls).to_dict()

    def _nested(self, call: ToolCall, operations: Operations) -> dict[str, Any]:
        part = self._run.below(operations, call.name)
        call.relay.inside(Place(part, None))
        inner = call.context.tool.agent  # type: ignore[union-attr]
        before = {path: (each, Snapshot.of(each, {})) for path, each in {"": inner, **agents_below(inner)}.items()}
        try:
            with part.spending():
                outcome = part.desk.serve_while(call.relay.loop, self._outcome(call), call.relay.context)
        finally:
            call.told = len(part.calls)
        call.applied = True
        kept = self._with(outcome, self._kept(call, self._bounded(call, outcome.result), 0, 1))
        if outcome.interrupts:
            goes_on = dict(self._agent._interrupt_state.context)  # noqa: SLF001 - checked in `safety`
            asking = {path: each._interrupt_state.to_dict() for path, (each, _) in before.items()}  # noqa: SLF001
            kept = replace(kept, resume=goes_on, asking=asking)
        changes = {path: start.until(each, {}).to_dict() for path, (each, start) in before.items()}
        return replace(kept, calls=tuple(part.calls), agents=changes, owns=part.own).to_dict()

    def _attempt(self, call: ToolCall, step: StepContext) -> dict[str, Any]:
        started, where = time.monotonic(), Place(self._run, self._agent, call.name, call.tool_name)
        call.relay.inside(where)
        outcome = self._timed(call)
        if where.refused is not None:
            raise where.refused
        error = outcome.raised
        if error is not None and call.options.retry is not None:
            details = {"attempt": step.attempt, "raised": raised.keep(error), "changed": outcome.changed}
            details["own"] = outcome.own
            raise ToolRaised(str(error), details=details) from error
        latency = round((time.monotonic() - started) * 1000)
        kept = self._with(outcome, self._kept(call, self._bounded(call, outcome.result), latency, step.attempt))
        safely(self._run.observer.call_made, kept.record)
        return kept.to_dict()

    def _timed(self, call: ToolCall) -> _Outcome:
        left = self._run.seconds_left()
        seconds = min(call.options.timeout_seconds, left) if left is not None else call.options.timeout_seconds
        call.applied = True
        try:
            return in_loop(call.relay.loop, self._outcome(call), call.relay.context, seconds)
        except Overdue:
            if left is not None and left < call.options.timeout_seconds:
                raise DeadlineExceeded(f"tool {call.tool_name} was not finished before the Lambda timeout") from None
            return _Outcome(_error(f"tool {call.tool_name} did not return within {seconds:g} seconds"))

    def _outcome(self, call: ToolCall) -> Callable[[], Coroutine[Any, Any, _Outcome]]:
        async def outcome() -> _Outcome:
            before, own = Snapshot.of(self._agent, call.context.invocation_state), own_state.OwnState(call.context.tool)
            result, error, interrupts = await _result(call.events(), call.relay)
            if interrupts and not self._run.options.interrupts:
                raise AgentInterrupted(INTERRUPTED)
            change = before.until(self._agent, call.context.invocation_state).to_dict()
            return _Outcome(result, error, interrupts, change, own.until(self._run.operation(call.name)))

        return outcome

    def _with(self, outcome: _Outcome, kept: KeptTool) -> KeptTool:
        return replace(
            kept,
            raised=raised.keep(outcome.raised),
            interrupts=outcome.interrupts,
            changed=outcome.changed,
            own=outcome.own,
            ended_at=time.time() if outcome.changed or outcome.own else 0,
        )

    def _bounded(self, call: ToolCall, result: dict[str, Any]) -> dict[str, Any]:
        try:
            size = checkpoint_bytes(result)
        except (TypeError, ValueError) as error:
            raise UnsafeAgent(
                f"tool {call.tool_name!r} cannot run durably: it returned what is not JSON ({error}), which no "
                "checkpoint can hold and no model read; return text, or JSON (a list for a set, a text for a date)"
            ) from error
        limit = call.options.max_result_bytes
        if size > limit:
            return _error(f"tool {call.tool_name} returned {size} bytes; a result may have at most {limit}")
        return result

    def _kept(
        self, call: ToolCall, result: dict[str, Any], latency_ms: int, attempts: int, invocation: str | None = None
    ) -> KeptTool:
        record = CallRecord(
            self._run.name, self._run.path + call.name, "tool", latency_ms=latency_ms, attempts=attempts,
            stop_reason=result.get("status", "success"),
            invocation=self._run.invocation if invocation is None else invocation, deferrals=call.deferrals,
        )  # fmt: skip
        return KeptTool(result, record)


async def _result(
    events: AsyncGenerator[Any, None], relay: Relay[Any]
) -> tuple[dict[str, Any], Exception | None, list[dict[str, Any]]]:
    """What Strands' tool stage ends with: a result, what was raised, or interrupts. Other events go to `relay`."""
    last: ToolResultEvent | None = None
    try:
        async for event in events:
            if isinstance(event, ToolInterruptEvent):
                return {}, None, [interrupt.to_dict() for interrupt in event.interrupts]
            if isinstance(event, ToolResultEvent):
                last = event
            else:
                relay.put(event)
    except InterruptException as error:
        return {}, None, [error.interrupt.to_dict()]
    if last is None:
        return _error("the tool stage ended without a result"), None, []
    # An MCP tool's result has more than status and content; only the id of the call is the call's own.
    content = {key: value for key, value in last.tool_result.items() if key != "toolUseId"}
    return content, last.exception, []


def _told(call: ToolCall, failure: AgentFailed) -> dict[str, Any]:
    return _error(f"tool {call.tool_name} failed: {failure.message}")


def _error(text: str) -> dict[str, Any]:
    return {"status": "error", "content": [{"text": text}]}
