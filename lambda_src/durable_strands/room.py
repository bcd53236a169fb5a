"""Holds an execution to its room: what is there goes on, nothing new begins once the room is taken."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.exceptions import SuspendExecution
from aws_durable_execution_sdk_python.lambda_service import (
    Operation,
    OperationAction,
    OperationStatus,
    OperationType,
    OperationUpdate,
)
from aws_durable_execution_sdk_python.state import CheckpointedResult

from durable_strands.history import (
    FINISHED,
    Size,
    bytes_of,
    error_bytes,
    is_inside_finished,
    marked,
    size_of,
    unmarked,
)

HAND_OVER = "continue-"
"""Begins the name of the last operation of an execution that hands over."""
_WAITED_FOR = {
    OperationType.STEP: {OperationStatus.PENDING},
    OperationType.WAIT: {OperationStatus.STARTED},
    OperationType.CALLBACK: {OperationStatus.STARTED},
    OperationType.CHAINED_INVOKE: {OperationStatus.PENDING, OperationStatus.STARTED},
}
"""In which states an operation wakes its execution up by itself."""


class OutOfRoom(SuspendExecution):
    """Suspends whoever wants to begin an operation, alone or in a branch, as a wait would: others go on to their end.

    Nothing that lets suspensions pass has to know it.
    """


class Room:
    """What one pass of an execution may still begin.

    It decides by the history alone: a pass that replays the same history decides alike, and once the execution has
    begun to hand over, no pass of it ever begins anything else. So what `handing_over` does is done once.

    Attributes:
        taken: what the history has taken.
        blocked: whether something was not begun in this pass.
        has_handed_over: whether an earlier pass has begun the last operation of this execution.
    """

    def __init__(self, context: DurableContext, most: Size, carried: Collection[str] = ()) -> None:
        """Stand between `context` and the engine from now on.

        Args:
            context: the root context of the execution; that of a batch or branch has the same state.
            most: what the execution may take.
            carried: ids of operations that other executions made and paid.
        """
        self._state: Any = context.state
        self._most = most
        self._carried = frozenset(carried)
        operations = self._state.operations
        self.taken = size_of(operations, self._carried)
        self.blocked = False
        self._handing_over = False
        self.has_handed_over = any(_hands_over(each) for each in operations.values())
        self._counting = threading.Lock()
        self._create, self._read = self._state.create_checkpoint, self._state.get_checkpoint_result
        state: Any = self._state
        state.create_checkpoint, state.get_checkpoint_result = self._checkpoint, self._result

    def handing_over(self) -> None:
        """Let the last operation of this execution begin, a chained invoke in its root named `continue-...`."""
        self._handing_over = True

    def is_awaited(self) -> bool:
        """Whether something that was begun here will still wake the execution up."""
        operations = self._state.operations
        return any(
            each.status in _WAITED_FOR.get(each.operation_type, ())
            and not _hands_over(each)
            and not is_inside_finished(each, operations)
            for each in operations.values()
        )

    def _checkpoint(self, operation_update: OperationUpdate | None = None, is_sync: bool = True) -> None:
        if operation_update is None:
            self._create(None, is_sync)
            return
        begins = self._begins(operation_update)
        if begins and self._refuses(operation_update):
            self.blocked = True
            raise OutOfRoom("the execution has no room for another operation")
        if operation_update.operation_type is OperationType.CONTEXT:
            operation_update = self._telling(operation_update)
        self._create(operation_update, is_sync)
        tries = begins or operation_update.action is OperationAction.RETRY
        written = bytes_of(operation_update.payload) + error_bytes(operation_update.error)
        with self._counting:
            self.taken += Size(int(tries), written)

    def _refuses(self, update: OperationUpdate) -> bool:
        """A wait may begin until the end: one before the next try of a call would else never be over."""
        full = self.taken.reaches(self._most) and update.operation_type is not OperationType.WAIT
        return not self._handing_over and (self.has_handed_over or full)

    def _begins(self, update: OperationUpdate) -> bool:
        known = self._read(update.operation_id, claim_end_hook=False).is_existent()
        return update.action is OperationAction.START and not known

    def _telling(self, update: OperationUpdate) -> OperationUpdate:
        """The same, whose result tells what was inside; where the engine keeps that in view, it needs not."""
        kept = update.context_options and update.context_options.replay_children
        if update.action is not OperationAction.SUCCEED or not update.payload or kept:
            return update
        inside = size_of(self._state.operations, self._carried, update.operation_id)
        return replace(update, payload=marked(update.payload, inside))

    def _result(self, checkpoint_id: str, *, claim_end_hook: bool = True) -> CheckpointedResult:
        found: CheckpointedResult = self._read(checkpoint_id, claim_end_hook=claim_end_hook)
        if found.result and found.operation and found.operation.operation_type is OperationType.CONTEXT:
            return replace(found, result=unmarked(found.result))
        return found


def finished_parts(context: DurableContext) -> list[Operation]:
    """What another execution needs in order to go on: whatever has ended, without what is inside of it."""
    operations = context.state.operations
    return [
        each
        for each in operations.values()
        if each.operation_type is not OperationType.EXECUTION
        and each.status in FINISHED
        and not _hands_over(each)
        and not is_inside_finished(each, operations)
    ]


def _hands_over(operation: Operation) -> bool:
    is_invoke = operation.operation_type is OperationType.CHAINED_INVOKE and operation.parent_id is None
    return is_invoke and (operation.name or "").startswith(HAND_OVER)
