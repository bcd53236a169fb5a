"""Reads the history of an earlier execution, once in a process: it has ended, so it does not change."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from agent_workflow.store_faults import passes_by_itself, reason
from durable_strands.earlier import Earlier, Recorded
from durable_strands.errors import RedriveRefused

_PAGE = 1_000
_RUNS = frozenset({"RUNNING", "PAUSING", "PAUSED"})
_GONE = "it was never there, or its history is no longer kept"
_REFUSALS = {
    "ResourceNotFoundException": _GONE,
    "ValidationException": "execution_arn is not the ARN of an execution",
    "InvalidParameterValueException": "execution_arn is not the ARN of an execution",
    "AccessDeniedException": "this function may read its own executions only, with lambda:GetDurableExecution and "
    "lambda:GetDurableExecutionHistory",
}
_reading = threading.Lock()


@dataclass(frozen=True)
class EarlierExecution:
    """An execution that has ended.

    Attributes:
        function_arn: of the version that ran it.
        history: its operations.
        by_path: the same by their paths.
    """

    function_arn: str
    history: Earlier
    by_path: Mapping[str, Recorded]


def earlier_execution(execution_arn: str) -> EarlierExecution:
    """Read it. Only inside a durable step.

    Raises:
        RedriveRefused: it is not there, may not be read, still runs, or (then it is worth another try) cannot be read
            now.
    """
    with _reading:  # branches side by side must not hold the same history twice
        return _read(execution_arn)


@lru_cache(maxsize=1)
def _read(execution_arn: str) -> EarlierExecution:
    client = _client()
    try:
        details = client.get_durable_execution(DurableExecutionArn=execution_arn)
        history = Earlier.of(_events(client, execution_arn))
    except Exception as error:  # noqa: BLE001 - botocore loads only where it is used
        raise _refused(error) from None
    if details["Status"] in _RUNS:
        raise RedriveRefused(f"the earlier execution must have ended, or be stopped first, got {details['Status']}")
    return EarlierExecution(details["FunctionArn"], history, dict(history.walk()))


def _events(client: Any, execution_arn: str) -> Iterator[Mapping[str, Any]]:
    pages = client.get_paginator("get_durable_execution_history").paginate(
        DurableExecutionArn=execution_arn, IncludeExecutionData=True, PaginationConfig={"PageSize": _PAGE}
    )
    for page in pages:
        yield from page["Events"]


def _client() -> Any:
    import boto3
    from botocore.config import Config

    # 15 requests a second for the whole account: a throttled one is worth waiting for
    retries: Any = {"mode": "standard", "total_max_attempts": 8}
    return boto3.client("lambda", config=Config(retries=retries, connect_timeout=5, read_timeout=50))


def _refused(error: Exception) -> RedriveRefused:
    code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    known = _REFUSALS.get(code)
    refusal = RedriveRefused(f"the earlier execution cannot be read: {known or reason(error)}")
    refusal.retryable = known is None and passes_by_itself(error)
    return refusal
