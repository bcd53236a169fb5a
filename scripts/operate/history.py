"""An execution's history as a tree of operations. Pure: from events to values, no clock, no client."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from durable_strands.records import CallRecord, Usage

RUNNING, SUCCEEDED, FAILED, RETRYING, TIMED_OUT, CANCELLED = (
    "running", "succeeded", "failed", "retrying", "timed out", "cancelled",
)  # fmt: skip
KINDS = ("Context", "Step", "Wait", "Callback", "ChainedInvoke")
_STATUS = {
    "Started": RUNNING,
    "Succeeded": SUCCEEDED,
    "Failed": FAILED,
    "TimedOut": TIMED_OUT,
    "Cancelled": CANCELLED,
    "Stopped": CANCELLED,
}

Event = Mapping[str, Any]
NOTICE = "-notify"
"""Ends the name of the step that tells a person, and keeps what a page shows."""


@dataclass
class Operation:
    """One durable operation and those inside it.

    Attributes:
        name: as the flow named it.
        kind: one of KINDS.
        status: one of the words above.
        started, ended: of the first try and of the end; None while there is none.
        tried: when the latest try began.
        attempts: tries so far.
        error_type: of the last failed try.
        retry_at: when the next try begins.
        due: when a wait or a callback ends by itself.
        started_execution: ARN of the execution that a chained invoke has started.
        callback_id: what an answer is sent to, while it is waited for.
        usage, model_id: of a model call that has answered, as its checkpoint says.
        invocation: request id of the invocation that made a call.
        taken: whether a redrive took it from an earlier execution, which paid it.
        payload: what it returned, such as an agent's answer, or a notice kept for its page.
        children: in the order they began.
    """

    name: str
    kind: str
    status: str = RUNNING
    started: datetime | None = None
    ended: datetime | None = None
    tried: datetime | None = None
    attempts: int = 0
    error_type: str | None = None
    retry_at: datetime | None = None
    due: datetime | None = None
    started_execution: str | None = None
    callback_id: str | None = None
    usage: Usage | None = None
    model_id: str | None = None
    invocation: str | None = None
    taken: bool = False
    payload: str | None = None
    children: list[Operation] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.status in (RUNNING, RETRYING)

    def seconds(self, now: datetime) -> float | None:
        """From its beginning to its end, or to now."""
        return None if self.started is None else ((self.ended or now) - self.started).total_seconds()

    def walk(self, path: str = "") -> Iterable[tuple[str, Operation]]:
        """It and all inside it, each with its path."""
        own = f"{path}/{self.name}" if path else self.name
        yield own, self
        for child in self.children:
            yield from child.walk(own)


@dataclass
class History:
    """All of an execution's operations.

    Attributes:
        roots: the operations of the flow itself.
        invocation_ends: when each invocation ended; of one whose process died nothing may be known.
        quiet_ends: when those ended that did not crash.
        crash: error type of the latest invocation, if it crashed or timed out.
        crashes: how many did in a row until now.
        written: bytes of the answers that it tells.
        last: when the latest event was.
    """

    roots: list[Operation] = field(default_factory=list)
    invocation_ends: list[datetime] = field(default_factory=list)
    quiet_ends: list[datetime] = field(default_factory=list)
    crash: str | None = None
    crashes: int = 0
    written: int = 0
    last: datetime | None = None
    _known: dict[str, Operation] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event]) -> History:
        """Read events in the order of their ids."""
        history = cls()
        for event in events:
            history.add(event)
        return history

    def add(self, event: Event) -> Operation | None:
        """Take in the next event; the operation that it changed, if it is one's."""
        self.last = event["EventTimestamp"]
        kind, word = _read(event["EventType"])
        details = event.get(f"{event['EventType']}Details") or {}
        if event["EventType"] == "InvocationCompleted":
            self._invoked(self.last, details)
        if kind is None:
            return None
        self.written += len(((details.get("Result") or {}).get("Payload") or "").encode())
        operation = self._operation(event, kind)
        _change(operation, word, event)
        return operation

    @property
    def invocations(self) -> int:
        """How many have ended."""
        return len(self.invocation_ends)

    def walk(self) -> Iterable[tuple[str, Operation]]:
        """Every operation with its path, such as `research-agent/model-1`."""
        for root in self.roots:
            yield from root.walk()

    def _invoked(self, at: datetime, details: Mapping[str, Any]) -> None:
        error = (details.get("Error") or {}).get("Payload")
        self.invocation_ends.append(at)
        if not error:
            self.quiet_ends.append(at)
        self.crash = (error.get("ErrorType") or "an error without a type") if error else None
        self.crashes = self.crashes + 1 if error else 0

    def _operation(self, event: Event, kind: str) -> Operation:
        key = event["Id"]
        if key not in self._known:
            self._known[key] = operation = Operation(event.get("Name") or "unnamed", kind)
            parent = self._known.get(event.get("ParentId") or "")
            (parent.children if parent else self.roots).append(operation)
        return self._known[key]


def calls(roots: Sequence[Operation]) -> Iterable[tuple[str, Operation]]:
    """Model calls, each with the path of the agent that made it."""
    for root in roots:
        for path, operation in root.walk():
            if operation.model_id is not None:
                yield path.rpartition("/")[0], operation


def _read(event_type: str) -> tuple[str | None, str]:
    kind = next((kind for kind in KINDS if event_type.startswith(kind)), None)
    return kind, event_type.removeprefix(kind or "")


def _change(operation: Operation, word: str, event: Event) -> None:
    at, details = event["EventTimestamp"], event.get(f"{event['EventType']}Details") or {}
    if word == "Started":
        operation.started, operation.tried = operation.started or at, at
        operation.attempts += 1
        operation.retry_at = None
        operation.callback_id = details.get("CallbackId")
        operation.started_execution = details.get("DurableExecutionArn")
        operation.due = details.get("ScheduledEndTimestamp") or _after(at, details.get("Timeout"))
    else:
        operation.ended, operation.callback_id, operation.due = at, None, None
    operation.status = _STATUS.get(word, word.lower())
    _fail(operation, at, details)
    _answer(operation, (details.get("Result") or {}).get("Payload"))


def _fail(operation: Operation, at: datetime, details: Mapping[str, Any]) -> None:
    error = (details.get("Error") or {}).get("Payload") or {}
    if operation.status in (FAILED, TIMED_OUT):
        operation.error_type = error.get("ErrorType") or operation.status
    delay = (details.get("RetryDetails") or {}).get("NextAttemptDelaySeconds")
    if operation.status == FAILED and delay:
        operation.status, operation.ended, operation.retry_at = RETRYING, None, _after(at, delay)


def _answer(operation: Operation, payload: str | None) -> None:
    """Tokens of a model call; a payload that is cut or not ours tells none."""
    operation.payload = payload or operation.payload
    if operation.kind != "Step" or operation.name.endswith(NOTICE) or not payload:
        return
    try:
        record = CallRecord.from_dict(json.loads(payload)["record"])
    except (ValueError, KeyError, TypeError):
        return
    operation.attempts = max(operation.attempts, record.attempts)
    operation.invocation, operation.taken = record.invocation or None, record.taken
    if record.kind == "model":
        operation.usage, operation.model_id = record.usage, record.model_id or "unknown"


def _after(at: datetime, seconds: float | None) -> datetime | None:
    return at + timedelta(seconds=seconds) if seconds else None
