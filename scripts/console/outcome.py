"""How a run ended: the handler's result, or a typed error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """Exactly one of `result` and `error_type` is meant.

    result: what the handler returned.
    usage: the ledger, of a failed execution as far as it came. Default: unknown.
    error_type, error_message: why the execution failed. Default: it did not.
    error_data: what the error carries, as JSON. Default: nothing.
    """

    result: Any = None
    usage: Mapping[str, Any] | None = None
    error_type: str | None = None
    error_message: str = ""
    error_data: Any = None

    @classmethod
    def of(cls, details: Mapping[str, Any]) -> Outcome:
        """Read GetDurableExecution's answer of an execution that has ended."""
        if details["Status"] == "SUCCEEDED":
            result = json.loads(details.get("Result") or "null")
            return cls(result=result, usage=_usage(result))
        error = details.get("Error") or {}
        ended = {"TIMED_OUT": "ExecutionTimedOut", "STOPPED": "ExecutionStopped"}
        error_type = error.get("ErrorType") or ended.get(details["Status"], "ExecutionFailed")
        data = _data(error.get("ErrorData"))
        return cls(
            usage=_usage(data),
            error_type=error_type,
            error_message=error.get("ErrorMessage") or "no message",
            error_data=data,
        )

    @property
    def succeeded(self) -> bool:
        """Whether there is a result."""
        return self.error_type is None

    def document(self) -> Any:
        """What `--json` prints."""
        if self.succeeded:
            return self.result
        return {
            "error_type": self.error_type,
            "error_message": self.error_message,
            "error_data": self.error_data,
        }


def _usage(document: Any) -> Mapping[str, Any] | None:
    usage = document.get("usage") if isinstance(document, dict) else None
    return usage if isinstance(usage, dict) else None


def _data(error_data: str | None) -> Any:
    """The handler's errors carry JSON; whatever else an error carries is given as the text it is."""
    try:
        return json.loads(error_data or "null")
    except ValueError:
        return error_data


def stack_failed(message: str) -> Outcome:
    """A process of the local stack died."""
    return Outcome(error_type="LocalStackFailed", error_message=message)


def started_failed(error: Exception) -> Outcome:
    """The Invoke call itself was refused (a botocore ClientError)."""
    answer = getattr(error, "response", {}).get("Error", {})
    return Outcome(error_type=answer.get("Code", type(error).__name__), error_message=answer.get("Message", str(error)))
