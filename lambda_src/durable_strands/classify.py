"""Which typed failure an exception of a model call is. Reads types and codes; decides nothing else."""

from __future__ import annotations

import re
from typing import Any

from durable_strands import errors
from durable_strands.errors import AgentFailed

# Error codes of Bedrock Runtime, compared without case because event-stream errors start with a small letter:
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html#API_runtime_ConverseStream_Errors
_BY_CODE: dict[str, type[AgentFailed]] = {
    "throttlingexception": errors.ModelThrottled,
    "toomanyrequestsexception": errors.ModelThrottled,
    "serviceunavailableexception": errors.ModelUnavailable,
    "internalserverexception": errors.ModelUnavailable,
    "modelnotreadyexception": errors.ModelUnavailable,
    "modelerrorexception": errors.ModelUnavailable,
    "modeltimeoutexception": errors.ModelTimedOut,
    "requesttimeout": errors.ModelTimedOut,
    "modelstreamerrorexception": errors.ModelStreamBroken,
    "validationexception": errors.ModelRequestInvalid,
    "accessdeniedexception": errors.ModelAccessDenied,
    "unrecognizedclientexception": errors.ModelAccessDenied,
    "expiredtokenexception": errors.ModelAccessDenied,
    "invalidsignatureexception": errors.ModelAccessDenied,
    "resourcenotfoundexception": errors.ModelNotFound,
    "servicequotaexceededexception": errors.ModelQuotaExceeded,
}

# By class name along the inheritance chain, so that neither Strands, botocore nor urllib3 has to be imported here.
_BY_CLASS: dict[str, type[AgentFailed]] = {
    "ModelThrottledException": errors.ModelThrottled,
    "MaxTokensReachedException": errors.ModelLimitReached,
    "ContextWindowOverflowException": errors.ContextWindowExceeded,
    "StructuredOutputException": errors.StructuredOutputFailed,
    "InterruptException": errors.AgentInterrupted,
    "ReadTimeoutError": errors.ModelTimedOut,
    "ConnectTimeoutError": errors.ModelUnavailable,
    "EndpointConnectionError": errors.ModelUnavailable,
    "ConnectionClosedError": errors.ModelStreamBroken,
    "ResponseStreamingError": errors.ModelStreamBroken,
    "IncompleteReadError": errors.ModelStreamBroken,
    "ProtocolError": errors.ModelStreamBroken,
    "ParserError": errors.ModelStreamBroken,  # base of what botocore.eventstream raises over a damaged frame
    "HTTPClientError": errors.ModelUnavailable,
    "NoCredentialsError": errors.ModelAccessDenied,
    "PartialCredentialsError": errors.ModelAccessDenied,
    "TokenRetrievalError": errors.ModelAccessDenied,
}

_SERVER_ERROR = 500
# Error codes and request ids.
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def classify(error: BaseException) -> AgentFailed:
    """The typed failure for `error`, unwrapping Strands' EventLoopException first."""
    while (inner := getattr(error, "original_exception", None)) is not None:
        error = inner
    if isinstance(error, AgentFailed):
        return error
    kind = _by_response(error) or _by_class(error) or errors.ModelFailed
    return kind(_message(error))


def _by_response(error: BaseException) -> type[AgentFailed] | None:
    response: Any = getattr(error, "response", None)
    if not isinstance(response, dict):
        return None
    code = str(response.get("Error", {}).get("Code", "")).lower()
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _BY_CODE:
        return _BY_CODE[code]
    return errors.ModelUnavailable if status >= _SERVER_ERROR else None


def _by_class(error: BaseException) -> type[AgentFailed] | None:
    names = [cls.__name__ for cls in type(error).__mro__]
    return next((_BY_CLASS[name] for name in names if name in _BY_CLASS), None)


def _message(error: BaseException) -> str:
    """What happened, in words that cannot quote a text: a service's own message may repeat what it was sent."""
    response: Any = getattr(error, "response", None)
    if not isinstance(response, dict):
        return f"the model call ended with {type(error).__name__}"
    code, metadata = response.get("Error", {}).get("Code"), response.get("ResponseMetadata", {})
    status, request = metadata.get("HTTPStatusCode"), metadata.get("RequestId")
    parts = (f"HTTP {status}" if status else "", f"request {request}" if _plain(request) else "")
    more = ", ".join(filter(None, parts))
    return f"the model service answered {code if _plain(code) else 'no error code'}" + (f" ({more})" if more else "")


def _plain(word: object) -> bool:
    return isinstance(word, str) and _PLAIN.fullmatch(word) is not None
