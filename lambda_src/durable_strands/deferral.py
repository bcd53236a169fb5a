"""Puts an operation off before it has begun: the invocation ends, and a timer brings the execution back to it.

The carrier is a durable wait whose id hangs on the id of the operation that it stands before. So no other operation's
id moves, however often something is put off, and the operation itself knows nothing of it: it has not begun, no attempt
is counted, nothing was paid. Its own retry would be no such carrier: the engine counts it as an attempt, and drops the
error of the last try, where a count of deferrals could be kept, as soon as the next try begins.
"""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime

from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.identifier import OperationIdentifier
from aws_durable_execution_sdk_python.lambda_service import OperationSubType, OperationType
from aws_durable_execution_sdk_python.operation.wait import WaitOperationExecutor
from aws_durable_execution_sdk_python.state import CheckpointedResult


class Deferrals:
    """Those of the operation that `context` runs next; one that is still to pass suspends the execution at once.

    Args:
        context: Where the operation will be run.
        name: The operation's name: its deferrals are called `name-deferred-1` and so on.

    Attributes:
        operation: Id of the operation.
        count: How often it was put off so far, in all invocations.
        begins: Whether the operation, if it were run, would really run its function: it is not finished, was not cut
            short, waits for no retry.
    """

    def __init__(self, context: DurableContext, name: str) -> None:
        self._context = context
        self._name = name
        self.operation = context._peek_next_operation_id()  # noqa: SLF001 - the SDK tells of an id only when it is used
        self.count = 0
        found = self._found(self.operation)
        self.begins = not found.is_existent() or found.is_ready()
        while self.begins and (last := self._found(self._id(self.count + 1))).is_existent():
            self.count += 1
            if not last.is_succeeded():
                self._wait(self.count, _seconds_until_end(last))

    def add(self, seconds: int) -> None:
        """Put the operation off for `seconds`, at least 1: suspends the execution.

        Returns only from an engine that lets the time pass at once.
        """
        self.count += 1
        self._wait(self.count, max(1, seconds))

    def _wait(self, number: int, seconds: int) -> None:
        identifier = OperationIdentifier(
            operation_id=self._id(number),
            sub_type=OperationSubType.WAIT.value,
            parent_id=self._context._parent_id,  # noqa: SLF001 - as the SDK's own operations have it
            name=f"{self._name}-deferred-{number}",
            operation_type=OperationType.WAIT,
        )
        WaitOperationExecutor(seconds, self._context.state, identifier).process()

    def _id(self, number: int) -> str:
        return hashlib.blake2b(f"{self.operation}-deferred-{number}".encode()).hexdigest()[:64]

    def _found(self, operation: str) -> CheckpointedResult:
        return self._context.state.get_checkpoint_result(operation, claim_end_hook=False)


def _seconds_until_end(wait: CheckpointedResult) -> int:
    details = wait.operation.wait_details if wait.operation else None
    end = details.scheduled_end_timestamp if details else None
    return 1 if end is None else max(1, math.ceil((end - datetime.now(UTC)).total_seconds()))
