"""What a failed model call shows -> which typed failure it is; docs/errors.md is printed from these tables."""

from __future__ import annotations

from durable_strands import errors
from durable_strands.errors import AgentFailed

__all__ = ["BY_CLASS", "BY_CODE", "BY_STATUS", "LAST_RESORT", "OF_A_REQUEST", "OF_A_SERVER", "Kind"]

Kind = type[AgentFailed]

BY_CODE: dict[Kind, tuple[str, ...]] = {
    errors.ModelThrottled: (
        "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown",
        "rate_limit_error", "rate_limit_exceeded", "RESOURCE_EXHAUSTED",
    ),
    errors.ModelUnavailable: (
        "ServiceUnavailableException", "ServiceUnavailable", "InternalServerException", "InternalServerError",
        "InternalError", "InternalFailure", "ModelNotReadyException", "ModelErrorException", "overloaded_error",
        "api_error", "server_error", "UNAVAILABLE", "INTERNAL", "InternalDependencyException", "InternalStreamFailure",
    ),
    errors.ModelTimedOut: (
        "ModelTimeoutException", "RequestTimeout", "RequestTimeoutException", "timeout_error", "DEADLINE_EXCEEDED",
    ),
    errors.ModelStreamBroken: ("ModelStreamErrorException", "ModelStreamError"),
    errors.ModelRequestInvalid: (
        "ValidationException", "SerializationException", "request_too_large", "INVALID_ARGUMENT",
    ),
    errors.ModelAccessDenied: (
        "AccessDeniedException", "AccessDenied", "UnrecognizedClientException", "ExpiredTokenException",
        "ExpiredToken", "InvalidSignatureException", "SignatureDoesNotMatch", "MissingAuthenticationToken",
        "MissingAuthenticationTokenException", "IncompleteSignature", "InvalidClientTokenId", "NotAuthorized",
        "authentication_error", "permission_error", "invalid_api_key", "UNAUTHENTICATED", "PERMISSION_DENIED",
    ),
    errors.ModelNotFound: ("ResourceNotFoundException", "not_found_error", "model_not_found", "NOT_FOUND"),
    errors.ModelQuotaExceeded: ("ServiceQuotaExceededException", "insufficient_quota", "billing_error"),
    errors.ContextWindowExceeded: ("context_length_exceeded",),
    errors.ContentFiltered: ("content_filter", "content_policy_violation"),
}  # fmt: skip
"""Error codes in the answer: Bedrock's (https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html,
those of ConverseStream), SageMaker's, OpenAI's `code` and `type`, Anthropic's `type`, Gemini's `status`."""

BY_CLASS: dict[Kind, tuple[str, ...]] = {
    errors.ModelThrottled: ("ModelThrottledException",),
    errors.ModelUnavailable: (
        "ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError", "SSLError", "HTTPClientError",
        "ConnectTimeout", "PoolTimeout", "ConnectError", "ProxyError", "APIConnectionError", "ClientConnectorError",
        "ConnectionRefusedError", "gaierror", "ConnectionError",
    ),
    errors.ModelTimedOut: (
        "ReadTimeoutError", "TimeoutException", "APITimeoutError", "Timeout", "ServerTimeoutError", "TimeoutError",
    ),
    errors.ModelStreamBroken: (
        "ConnectionClosedError", "ResponseStreamingError", "IncompleteReadError", "IncompleteRead", "ProtocolError",
        "ParserError", "EventStreamError", "ResponseParserError", "ReadError", "WriteError", "CloseError",
        "DecodingError", "JSONDecodeError", "APIResponseValidationError", "ServerDisconnectedError",
        "ClientPayloadError", "UnknownApiResponseError", "ConnectionResetError", "BrokenPipeError",
        "ConnectionAbortedError",
    ),
    errors.ModelRequestInvalid: ("LocalProtocolError", "ParamValidationError", "UnsupportedProtocol", "InvalidURL"),
    errors.ModelAccessDenied: (
        "NoCredentialsError", "PartialCredentialsError", "TokenRetrievalError", "CredentialRetrievalError",
        "SSOTokenLoadError", "UnauthorizedSSOTokenError", "CredentialsError",
    ),
    errors.ModelUnreachable: ("SSLCertVerificationError", "ClientConnectorCertificateError"),
    errors.ModelQuotaExceeded: ("BudgetExceededError",),
    errors.ModelLimitReached: ("MaxTokensReachedException", "LengthFinishReasonError"),
    errors.ContextWindowExceeded: ("ContextWindowOverflowException", "ContextWindowExceededError"),
    errors.ContentFiltered: ("ContentPolicyViolationError", "ContentFilterFinishReasonError"),
    errors.StructuredOutputFailed: ("StructuredOutputException",),
    errors.AgentInterrupted: ("InterruptException",),
}  # fmt: skip
"""Names of classes along the inheritance chain, nearest first, so that no provider's package has to be imported:
Strands, botocore, urllib3, httpx, aiohttp, openai, anthropic, ollama, litellm, google-genai and Python's own."""

BY_STATUS: dict[Kind, tuple[int, ...]] = {
    errors.ModelThrottled: (429,),
    errors.ModelTimedOut: (408, 499),
    errors.ModelUnavailable: (409, 424, 425),
    errors.ModelAccessDenied: (401, 403),
    errors.ModelUnreachable: (407,),
    errors.ModelNotFound: (404, 410),
    errors.ModelQuotaExceeded: (402,),
}
"""HTTP statuses, when neither code nor class says more. Every 5xx is `OF_A_SERVER`, every other 4xx `OF_A_REQUEST`."""

OF_A_SERVER, OF_A_REQUEST = errors.ModelUnavailable, errors.ModelRequestInvalid

LAST_RESORT: dict[Kind, tuple[str, ...]] = {errors.ModelStreamBroken: ("APIError", "APIStatusError", "ResponseError")}
"""Classes of an error that came inside a stream whose status was 200, without a code known above."""
