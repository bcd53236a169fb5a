"""What a new execution takes from an earlier one, and what of it each pass has used; the values are read late."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from aws_durable_execution_sdk_python import DurableOperationError, SerDesError
from aws_durable_execution_sdk_python.exceptions import CallbackExternalError, CallbackTimeoutError
from aws_durable_execution_sdk_python.serdes import SerDes, deserialize

from durable_strands.earlier import CALLBACK, WHOLE, Recorded
from durable_strands.errors import RedriveRefused
from durable_strands.named_failure import failing_as

Read = Callable[[], Mapping[str, Recorded]]


class Seed:
    """The earlier results that one pass of an execution may use; branches side by side share it.

    Args:
        taken: Path of an operation -> what `Earlier.taken` says of it. The same in every pass.
        read: Gives the operations of the earlier execution by path. It is I/O, so it is called inside steps only.
    """

    def __init__(self, taken: Mapping[str, str], read: Read) -> None:
        self.taken = taken
        self.refused: RedriveRefused | None = None
        self._read = read
        self._left = {path for path, value in taken.items() if value != WHOLE}
        self._side_by_side: set[str] = set()
        self._lock = threading.Lock()

    def side_by_side(self, path: str) -> None:
        """Branches begin below `path` that do not depend on each other."""
        with self._lock:
            self._side_by_side.add(path)

    def use(self, path: str) -> None:
        """The result of an operation is taken."""
        with self._lock:
            self._left.discard(path)

    def use_below(self, path: str) -> None:
        """Nothing is left to take inside a child context: it has ended, in this pass or before, or is taken whole."""
        with self._lock:
            self._left = {each for each in self._left if not each.startswith(f"{path}/")}

    def begin(self, path: str) -> None:
        """An operation is about to be made really, and perhaps paid.

        Raises:
            RedriveRefused: What is taken includes operations that would come after it: they belong to another flow.
        """
        if self.refused is not None:
            raise self.refused
        with self._lock:
            stray = next((each for each in sorted(self._left) if not self._independent(each, path)), None)
        if stray is not None:
            raise self.refuse(f"the flow now comes to {path} before {stray}, whose earlier result would be taken")

    def end(self, path: str) -> None:
        """A child context, or with an empty path the execution, has come to its end.

        Raises:
            RedriveRefused: It has not come to an operation whose result is taken.
        """
        if self.refused is not None:
            raise self.refused
        with self._lock:
            stray = next((each for each in sorted(self._left) if each.startswith(f"{path}/" if path else "")), None)
        if stray is not None:
            raise self.refuse(f"the flow no longer comes to {stray}, whose earlier result would be taken")

    def compare(self, path: str, asked: str) -> None:
        """Refuse an earlier answer to another question.

        Raises:
            RedriveRefused: It is one.
        """
        if self.taken.get(path) and asked and self.taken[path] != asked:
            raise self.refuse(f"{path} is asked something else now, so that its earlier answer does not fit")

    def refuse(self, why: str | RedriveRefused) -> RedriveRefused:
        """The refusal, which ends the execution whoever catches it."""
        refusal = why if isinstance(why, RedriveRefused) else RedriveRefused(f"{why}; redrive from there, or earlier")
        self.refused = self.refused or refusal
        return self.refused

    def value(self, path: str, serdes: SerDes[Any] | None, operation_id: str, execution_arn: str) -> Any:
        """The earlier result of an operation, marked as taken. Only inside a step.

        Raises:
            RedriveRefused: It is not there any more.
            DurableOperationError: It was a failure.
        """
        recorded = self._read().get(path)
        if recorded is None:
            raise RedriveRefused(f"the earlier execution has no operation {path} any more")
        if recorded.state != "Succeeded":
            raise _failure(recorded)
        if recorded.payload is None or recorded.kind == CALLBACK:
            return recorded.payload
        try:
            return as_taken(deserialize(serdes, recorded.payload, operation_id, execution_arn))
        except SerDesError as error:
            raise RedriveRefused(f"the earlier result of {path} cannot be read back: {error}") from error

    def _independent(self, one: str, other: str) -> bool:
        """Whether two operations are in branches that ran side by side."""
        parts, others = one.split("/"), other.split("/")
        common = next((n for n, (a, b) in enumerate(zip(parts, others, strict=False)) if a != b), 0)
        return "/".join(parts[:common]) in self._side_by_side


def as_taken(value: Any) -> Any:
    """What a call left, its records marked: nothing was paid for it here, and no time was spent."""
    if not isinstance(value, dict):
        return value
    records = {"record": _marked(value["record"])} if isinstance(value.get("record"), dict) else {}
    calls = {"calls": [_marked(call) for call in value["calls"]]} if isinstance(value.get("calls"), list) else {}
    return {**value, **records, **calls}


def _marked(record: Any) -> Any:
    if not isinstance(record, dict) or "usage" not in record:
        return record
    free = {"taken": True, "latency_ms": 0, "attempts": 1, "broken_attempts": 0, "invocation": ""}
    return {**record, **free}


def _failure(recorded: Recorded) -> DurableOperationError:
    """The earlier failure again, under the name that it had; what it cost was paid there."""
    error = recorded.error
    message, data = error.get("ErrorMessage") or "failed", error.get("ErrorData")
    if recorded.kind == CALLBACK:
        timed_out = recorded.state == "TimedOut"
        return (CallbackTimeoutError if timed_out else CallbackExternalError)(message=message, data=data)
    module, _, name = (error.get("ErrorType") or "builtins.Exception").rpartition(".")
    return failing_as(name, module or "builtins")(message, None, _free(data))


def _free(data: str | None) -> str | None:
    try:
        document = json.loads(data or "null")
    except ValueError:
        return data
    if not isinstance(document, dict) or "usage" not in document:
        return data
    nothing = {"usage": dict.fromkeys(document["usage"], 0), "unknown_calls": 0, "broken_attempts": 0}
    return json.dumps({**as_taken(document), **nothing})
