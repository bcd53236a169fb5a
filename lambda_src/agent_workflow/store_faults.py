"""What an exception of a bucket's or a table's client means: a fault that passes by itself, or one that stays."""

from __future__ import annotations

from typing import Any

_PASSING_CODES = frozenset({
    "SlowDown", "InternalError", "InternalServerError", "ServiceUnavailable", "RequestTimeout", "RequestTimeTooSkewed",
    "Throttling", "ThrottlingException", "TooManyRequestsException", "OperationAborted", "KMS.ThrottlingException",
    "ProvisionedThroughputExceededException", "RequestLimitExceeded", "TransactionConflictException",
})  # fmt: skip
_PASSING_STATUS = (408, 429)
_SERVER_ERROR = 500
# By class name along the inheritance chain: botocore and urllib3 are imported only when the bucket is used.
_PASSING_CLASSES = frozenset({
    "HTTPClientError", "ConnectionError", "IncompleteReadError", "ResponseParserError", "FlexibleChecksumError",
    "HTTPError", "ProtocolError", "OSError",
})  # fmt: skip


class StoreFault(Exception):
    """The bucket did not do what it was asked.

    Attributes:
        passes: Whether the same request may succeed later.
    """

    def __init__(self, message: str, *, passes: bool = False) -> None:
        super().__init__(message)
        self.passes = passes


def passes_by_itself(error: BaseException) -> bool:
    """Whether the same request may succeed later: throttling, 5xx, a connection or a body that broke off."""
    response = _response(error)
    if response:
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0
        return _code(response) in _PASSING_CODES or status in _PASSING_STATUS or status >= _SERVER_ERROR
    return any(cls.__name__ in _PASSING_CLASSES for cls in type(error).__mro__)


def reason(error: BaseException) -> str:
    """The service's code, else the exception's type; never its text, which may quote what was sent."""
    return str(_code(_response(error)) or type(error).__name__)


def _response(error: BaseException) -> dict[str, Any]:
    response = getattr(error, "response", None)
    return response if isinstance(response, dict) else {}


def _code(response: dict[str, Any]) -> Any:
    return (response.get("Error") or {}).get("Code")
