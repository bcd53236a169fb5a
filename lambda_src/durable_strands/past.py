"""The calls that an execution has finished, read from the engine's operations before any replay comes to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from aws_durable_execution_sdk_python.lambda_service import Operation, OperationStatus

from durable_strands.records import CallRecord
from durable_strands.serdes import PlainJson

_SERDES = PlainJson()


def finished_calls(operations: Iterable[Operation]) -> Iterator[tuple[CallRecord, datetime | None]]:
    """Each call with the engine's time of its end: those of finished agents, then those that stand alone.

    A result that was written elsewhere, or by a serdes of the caller's, tells nothing here.
    """
    for operation in operations:
        if operation.status is OperationStatus.SUCCEEDED:
            details = operation.step_details or operation.context_details
            for record in _records(details.result if details else None):
                yield record, operation.end_timestamp


def _records(result: str | None) -> Iterator[CallRecord]:
    try:
        kept: Any = _SERDES.deserialize(result or "null")
        for call in [*kept.get("calls", ()), *([kept["record"]] if "record" in kept else ())]:
            yield CallRecord.from_dict(call)
    except (ValueError, TypeError, KeyError, AttributeError):
        return
