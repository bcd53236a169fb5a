"""How much of what one execution may hold its history has taken.

The service leaves the operations below a finished context out of what it hands to the next invocation, so a context
tells in its own result how many there were: one more field in front of it, taken off again before anyone reads it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from aws_durable_execution_sdk_python.lambda_service import ErrorObject, Operation, OperationStatus, OperationType

FINISHED = frozenset(
    (
        OperationStatus.SUCCEEDED,
        OperationStatus.FAILED,
        OperationStatus.CANCELLED,
        OperationStatus.TIMED_OUT,
        OperationStatus.STOPPED,
    )
)
_MARK = '{"$history":['
_MARKED = re.compile(r'\{"\$history":\[(\d+),(\d+)\],?')


@dataclass(frozen=True)
class Size:
    """Operations as the service meters them, each further try one more, and bytes of what they wrote."""

    operations: int = 0
    bytes: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(self.operations + other.operations, self.bytes + other.bytes)

    def reaches(self, most: Size) -> bool:
        """Whether either has come to `most`."""
        return self.operations >= most.operations or self.bytes >= most.bytes


def size_of(operations: Mapping[str, Operation], but: Container[str] = (), below: str | None = None) -> Size:
    """What a history has taken.

    Args:
        operations: by id, as the SDK's state has them.
        but: ids that do not count.
        below: id of a context whose operations alone count. Default: all.
    """
    return sum(
        (
            _size(each)
            for each in operations.values()
            if each.operation_type is not OperationType.EXECUTION
            and each.operation_id not in but
            and _counts(each, operations, below)
        ),
        Size(),
    )


def is_inside_finished(operation: Operation, operations: Mapping[str, Operation]) -> bool:
    """Whether it is below a context that has ended, which is replayed by its own result."""
    return any(
        above.status in FINISHED and not (above.context_details and above.context_details.replay_children)
        for above in _above(operation, operations)
    )


def marked(payload: str, inside: Size) -> str:
    """The result of a context, with what was inside of it; one that is no JSON object as it is."""
    if not payload.startswith("{"):
        return payload
    rest = payload[1:]
    return f"{_MARK}{inside.operations},{inside.bytes}]{'' if rest.lstrip().startswith('}') else ','}{rest}"


def unmarked(payload: str) -> str:
    """The result as its context gave it."""
    return "{" + payload[found.end() :] if (found := _MARKED.match(payload)) else payload


def bytes_of(*texts: str | None) -> int:
    """Bytes of texts as they are written."""
    return sum(len(text.encode(errors="surrogatepass")) for text in texts if text)


def error_bytes(error: ErrorObject | None) -> int:
    """Bytes of an error as it is written."""
    return bytes_of(error.message, error.type, error.data) if error else 0


def _counts(operation: Operation, operations: Mapping[str, Operation], below: str | None) -> bool:
    """Whether no context above tells of it already, and it is below the one that is asked for."""
    above = list(_above(operation, operations))
    if below is not None and below not in (each.operation_id for each in above):
        return False
    return not any(_inside(each).operations for each in above)


def _above(operation: Operation, operations: Mapping[str, Operation]) -> Iterable[Operation]:
    while operation.parent_id and (parent := operations.get(operation.parent_id)):
        yield parent
        operation = parent


def _size(operation: Operation) -> Size:
    details = (
        operation.step_details
        or operation.context_details
        or operation.callback_details
        or operation.chained_invoke_details
    )
    tries = max(1, operation.step_details.attempt) if operation.step_details else 1
    written = bytes_of(details.result) + error_bytes(details.error) if details else 0
    return Size(tries, written) + _inside(operation)


def _inside(context: Operation) -> Size:
    result = context.context_details.result if context.context_details else None
    found = _MARKED.match(result) if result else None
    return Size(int(found[1]), int(found[2])) if found else Size()
