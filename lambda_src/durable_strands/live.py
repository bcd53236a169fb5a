"""One pass of one agent: what its calls share, and the ledger they write."""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from durable_strands.bridge import Desk
from durable_strands.errors import AgentFailed, DeadlineExceeded, UnsafeAgent
from durable_strands.invocation import Invocation
from durable_strands.observer import Observer
from durable_strands.operations import Operations
from durable_strands.options import RunOptions
from durable_strands.records import FAILED, CallRecord, Usage, total_usage, unknown_calls
from durable_strands.usual import usual_times

T = TypeVar("T")

_GRACE_SECONDS = 5.0


@dataclass
class LiveRun:
    """The state of a pass. It is rebuilt from checkpoints on every replay, so nothing in it is kept anywhere else."""

    name: str
    operations: Operations
    options: RunOptions
    observer: Observer
    within: Invocation
    desk: Desk = field(default_factory=Desk)
    calls: list[CallRecord] = field(default_factory=list)
    path: str = ""
    execution: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)
    failed: list[tuple[AgentFailed, CallRecord]] = field(default_factory=list)
    bounded: bool = True

    def below(self, operations: Operations, name: str) -> LiveRun:
        """The part of this run that an agent used as a tool is: operations, desk and ledger of its own, no limits."""
        return replace(
            self,
            operations=operations,
            path=f"{self.path}{name}/",
            desk=Desk(self.patience),
            calls=[],
            counts={},
            own={},
            failed=[],
            bounded=False,
        )

    def operation(self, call: str) -> str:
        """The call's name among those of all executions."""
        return f"{self.execution}/{self.name}/{self.path}{call}"

    def number(self, kind: str) -> int:
        """The next number, from 1, of what is called `kind`."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return self.counts[kind]

    def take_over(self, calls: list[CallRecord], told: int) -> None:
        """Enter the calls of a part of this run; the observer knows the first `told` already."""
        self.calls.extend(calls)
        for record in calls[told:]:
            self.observer.call_returned(record)

    def remember(self, record: CallRecord) -> None:
        """Note a finished call and tell the observer, once per pass."""
        self.calls.append(record)
        usual_times.note(record)
        self.observer.call_returned(record)

    def note_failed(self, failure: AgentFailed, call: str, model_id: str | None) -> None:
        """Note what a failed model call cost, until it is known whether the run goes on without its reply."""
        costs = [failure.usage] if failure.usage != Usage() else []
        for usage in [*costs, *[None] * failure.unknown_calls]:
            record = CallRecord(self.name, self.path + call, FAILED, model_id, usage, stop_reason=failure.error_type)
            self.failed.append((failure, record))

    def enter_failed(self, but: AgentFailed | None = None) -> None:
        """Enter what the failed calls cost that a hook, a router or a manager made up for; `but` tells its own cost."""
        failed, self.failed = self.failed, []
        for failure, record in failed:
            if failure is not but:
                self.remember(record)

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Around everything that the run does: what it has spent is in its calls at the end, or in what it raises."""
        try:
            yield
        except AgentFailed as failure:
            self.enter_failed(but=failure)
            raise failure.after(tuple(self.calls)) from failure.__cause__
        self.enter_failed()

    def failed_below(self, failure: AgentFailed, told: int) -> AgentFailed:
        """The failure of a part of this run; `told` is how many of its calls the observer knows from this pass."""
        self.take_over(list(failure.calls), len(failure.calls) if told else 0)
        return failure.after(tuple(self.calls))

    @property
    def invocation(self) -> str:
        """Request id of this invocation; read only inside steps, since a replay has another one."""
        return self.within.request_id

    def seconds_left(self) -> float | None:
        """Seconds a call may still take in this invocation; None without a Lambda context.

        Raises:
            DeadlineExceeded: Nothing is left; the next attempt starts in a new invocation.
        """
        left = self.seconds_to_deadline()
        if left is not None and left <= 0:
            kept = f"{self.options.deadline_margin_seconds:g} seconds before the Lambda timeout are kept"
            raise DeadlineExceeded(kept).unsent()
        self.within.call_begins()
        return left

    def patience(self) -> float | None:
        """Seconds that code outside steps may still take; None without a Lambda context.

        A little longer than a call may: the next call is then put off to a new invocation, and nothing has failed.
        """
        left = self.seconds_to_deadline()
        return None if left is None else max(left, 0) + min(_GRACE_SECONDS, self.options.deadline_margin_seconds / 2)

    def seconds_to_deadline(self) -> float | None:
        """Until no call may run any more; negative after it, None without a Lambda context."""
        left = self.within.seconds_left()
        return None if left is None else left - self.options.deadline_margin_seconds


@dataclass
class Below:
    """What agents spent that a durable tool ran: it is in the ledger of the run that called the tool.

    Attributes:
        observer: that of the run which called the tool; it is told of every call, once.
        calls: of all of them.
        failures: of those that failed, whatever the tool made of it.
    """

    observer: Observer
    calls: list[CallRecord] = field(default_factory=list)
    failures: list[AgentFailed] = field(default_factory=list)

    def ran(self, calls: Iterable[CallRecord], told: Observer | None) -> None:
        """Note calls, of which the observer `told` knows."""
        for record in calls:
            self.calls.append(record)
            if told is not self.observer:
                self.observer.call_returned(record)

    def ended(self, agent: str) -> tuple[CallRecord, ...]:
        """All calls, with what the failures tell that is not noted yet; `agent` is whose tool it was."""
        for failure in self.failures:
            self.ran([record for record in failure.calls if record not in self.calls], None)
            self.ran(beyond_calls(failure, agent, None), None)
        return tuple(self.calls)


def beyond_calls(
    failure: AgentFailed, agent: str, model_id: str | None, known: Usage | None = None
) -> list[CallRecord]:
    """Records of what a failed run cost beyond its calls, such as a reply that could not be kept.

    Args:
        failure: the failure.
        agent: name of the run's operation.
        model_id: the model it called.
        known: what is entered besides already. Default: nothing.
    """
    known = total_usage(failure.calls) + (known or Usage())
    beyond = Usage(*(max(0, getattr(failure.usage, kind) - getattr(known, kind)) for kind in vars(known)))
    costs: list[Usage | None] = [beyond] if beyond != Usage() else []
    costs += [None] * (failure.unknown_calls - unknown_calls(failure.calls))
    return [CallRecord(agent, FAILED, FAILED, model_id, usage, stop_reason=failure.error_type) for usage in costs]


below: contextvars.ContextVar[Below | None] = contextvars.ContextVar("below", default=None)
"""Of the durable tool that runs in this thread."""


@dataclass
class Place:
    """Where code of a run is: whose loop, and inside which step, if in any.

    Attributes:
        run: The run.
        agent: The agent whose loop it is.
        step: Name of the step, in which no other step can be.
        tool: Name of the tool whose step it is; None in a model's step.
        refused: What was refused inside the step; a tool may have swallowed it.
        team: The `Nodes` of a Graph or Swarm, between two of its nodes.
    """

    run: LiveRun
    agent: Any
    step: str | None = None
    tool: str | None = None
    refused: UnsafeAgent | None = None
    team: Any = None


place: contextvars.ContextVar[Place | None] = contextvars.ContextVar("place", default=None)
"""Follows the agent's code into threads, because Strands copies the context where it starts one."""


meters: contextvars.ContextVar[Any] = contextvars.ContextVar("meters", default=None)
"""What Strands counts with around a call, see `durable_strands.meters`; None is its own."""


def idempotency_key() -> str:
    """Inside a tool that runs as a step: the same text for every try of this call, and for no other call.

    Hand it to what the tool calls (an order, a payment), so that a call which a killed process had made is known there.

    Raises:
        RuntimeError: The caller is not inside the step of a tool.
    """
    where = place.get()
    if where is None or where.step is None:
        raise RuntimeError("idempotency_key() must be called inside a tool that runs as a durable step")
    return hashlib.sha256(where.run.operation(where.step).encode()).hexdigest()


_END = object()


class Relay(Generic[T]):
    """Hands the events of a call to Strands while the step that makes the call runs on another thread.

    `made` says afterwards whether this pass has made the call, or has only read its checkpoint.
    """

    def __init__(self) -> None:
        self._events: asyncio.Queue[Any] = asyncio.Queue()
        self.context = contextvars.copy_context()
        self.loop = asyncio.get_running_loop()
        self.made = False
        self.value: T

    def inside(self, where: Place) -> None:
        """Let the call run at `where`."""
        self.context.run(place.set, where)
        self.context.run(meters.set, None)

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
