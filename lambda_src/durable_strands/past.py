"""The calls that an execution has finished, read from the engine's operations before any replay comes to them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from aws_durable_execution_sdk_python.lambda_service import Operation, OperationStatus

from durable_strands.records import CallRecord
from durable_strands.serdes import PlainJson

_SERDES = PlainJson()


@dataclass(frozen=True)
class PastCall:
    """A finished call.

    Attributes:
        operation: Id of its step, or of the finished agent whose result lists it, which is no step's id then.
        record: The call.
        seconds_ago: Before the last thing that the engine has written, by the engine's clock.
    """

    operation: str
    record: CallRecord
    seconds_ago: float


def finished_calls(operations: Collection[Operation]) -> Iterator[PastCall]:
    """Each call once: from its step, or from the result of an agent whose steps are not there any more.

    A result that was written elsewhere, or by a serdes of the caller's, tells nothing here.
    """
    stamps = [stamp for each in operations for stamp in (each.start_timestamp, each.end_timestamp) if stamp]
    parents = {each.parent_id for each in operations}
    for operation in operations:
        details = operation.step_details or operation.context_details
        if operation.status is OperationStatus.SUCCEEDED and details and operation.operation_id not in parents:
            ago = (max(stamps) - operation.end_timestamp).total_seconds() if operation.end_timestamp else 0.0
            for number, record in enumerate(_records(details.result)):
                yield PastCall(operation.operation_id + f"/{number}" * bool(number), record, ago)


def _records(result: str | None) -> list[CallRecord]:
    try:
        kept: Any = _SERDES.deserialize(result or "null")
        calls = [*([kept["record"]] if "record" in kept else ()), *kept.get("calls", ())]
        return [CallRecord.from_dict(call) for call in calls]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []
