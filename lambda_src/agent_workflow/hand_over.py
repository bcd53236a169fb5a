"""Hands an execution that has no room left over to a new one, whose result it gives as its own."""

from __future__ import annotations

from typing import Any

from aws_durable_execution_sdk_python import DurableContext, SerDesError
from aws_durable_execution_sdk_python.config import InvokeConfig
from aws_durable_execution_sdk_python.exceptions import DurableOperationError, InvokeError, SuspendExecution

from agent_workflow.errors import InvalidRequest
from agent_workflow.flow_errors import ExecutionTooLong
from agent_workflow.handed_event import CONTINUED, Begun, handed_event
from agent_workflow.large_results import CHAINED_LIMIT_BYTES, LargeResultsSerDes, bucket_of, too_large
from agent_workflow.names import ALIAS
from agent_workflow.result import Document
from agent_workflow.settings import Settings
from durable_strands.errors import ResultNotKept, ResultTooLarge
from durable_strands.history import Size
from durable_strands.named_failure import failing_as
from durable_strands.room import HAND_OVER, Room, finished_parts
from durable_strands.serdes import LIMIT_BYTES, PlainJson
from durable_strands.sizes import checkpoint_bytes


class HandOver:
    """The end of an execution that another one goes on from.

    Attributes:
        context: the root context, in which the work of the executions before has happened already.
        number: of this execution in the chain, from 1.
    """

    def __init__(self, context: DurableContext, settings: Settings, begun: Begun) -> None:
        self.number = begun.number
        self.context = context
        self._settings, self._event = settings, begun.event
        self._bucket = bucket_of(settings.large_results_bucket, settings.large_results_kms_key_arn)
        self._carried = frozenset[str]()
        if begun.carried is not None:
            self._take_over(begun.carried)
        most = Size(settings.hand_over_operations, settings.hand_over_bytes)
        self._room = Room(self.context, most, self._carried)

    def to_the_next(self, suspended: SuspendExecution) -> Document:
        """The result of the execution that goes on.

        Args:
            suspended: what ended the flow in this pass.

        Raises:
            SuspendExecution: something that was begun here will go on, and `suspended` is raised again; or the next
                execution is at work.
            InvokeError: the next execution failed.
            ExecutionTooLong: there may be none.
            ResultTooLarge: what it has to know is, and there is no bucket.
            ResultNotKept: the bucket did not take it.
        """
        if not self._room.blocked or self._room.is_awaited():
            raise suspended
        payload = None if self._room.has_handed_over else self._payload()
        self._room.handing_over()
        config: InvokeConfig[Any, Any] = InvokeConfig(
            serdes_payload=LargeResultsSerDes(self._bucket) if self._bucket else PlainJson()
        )
        try:
            given = self.context.invoke(self._target(), payload, f"{HAND_OVER}{self.number}", config)
        except SerDesError as error:
            raise ResultNotKept(str(error), unknown=0) from None
        from durable_strands.folding import opened

        result: Document = opened(given)
        return result

    def most_bytes(self, document: Document, most: int) -> int:
        """How large the result may be: `most`, unless the execution before cannot be given it, folded or not."""
        fits = self.number == 1 or not too_large(self.given_back(document), CHAINED_LIMIT_BYTES)
        return most if fits else CHAINED_LIMIT_BYTES

    def given_back(self, document: Document) -> Document:
        """The result as whoever started this execution takes it: the one before in the chain, or a caller."""
        if self.number == 1 or not too_large(document, CHAINED_LIMIT_BYTES):
            return document
        from durable_strands.folding import fold

        return fold(document)

    def _take_over(self, carried: str) -> None:
        from durable_strands.carried import from_text, resumed

        try:
            operations = from_text(carried)
        except ValueError as error:
            raise InvalidRequest(f"{CONTINUED}: {error}") from None
        self.context = resumed(self.context, operations)
        self._carried = frozenset(each.operation_id for each in operations)

    def _payload(self) -> dict[str, Any]:
        from durable_strands.carried import to_text

        done, taken = finished_parts(self.context), self._room.taken
        if self.number > self._settings.max_hand_overs:
            raise ExecutionTooLong(
                f"an execution must end within {self._settings.max_hand_overs} hand-overs, got {taken.operations} "
                f"operations and {taken.bytes} bytes in the one after the last of them"
            )
        if all(each.operation_id in self._carried for each in done):
            raise ExecutionTooLong(
                "HAND_OVER_OPERATIONS must leave room to finish something besides what branches begin again, got "
                f"{self._settings.hand_over_operations}"
            )
        payload = handed_event(self._event, self.number + 1, to_text(done))
        size = checkpoint_bytes(payload)
        if self._bucket is None and size > LIMIT_BYTES:
            raise ResultTooLarge(f"without large_results a hand-over must take at most {LIMIT_BYTES} bytes, got {size}")
        self.context.logger.info(
            "number=<%d>, operations=<%d>, bytes=<%d>, carried=<%d> | execution handed over",
            self.number, taken.operations, taken.bytes, len(done),
        )  # fmt: skip
        return payload

    def _target(self) -> str:
        """This very version: operations are found again by their place, which another flow.py may have changed."""
        function: Any = self.context.lambda_context
        version = str(getattr(function, "function_version", ""))
        return f"{function.function_name}:{version if version.isdigit() else ALIAS}"


def as_it_failed(error: InvokeError) -> DurableOperationError:
    """The failure of the next execution as one of this: the same type, message and data."""
    module, _, name = (error.error_type or "InvokeError").rpartition(".")
    return failing_as(name, module or "builtins")(error.message, error.error_type, error.data)
