"""The ways a scripted model call can go wrong, each as AWS shows it."""

from typing import Literal

from scripts.local_aws.bedrock.converse import ConverseRequest
from scripts.local_aws.bedrock.wire import AwsError, context_overflow

Fault = Literal[
    "throttle",
    "unavailable",
    "server_error",
    "model_timeout",
    "validation",
    "context_overflow",
    "access_denied",
    "not_found",
    "quota",
    "throttle_midstream",
    "error_midstream",
    "disconnect_midstream",
    "stall",
    "stall_midstream",
]

_AT_ONCE = {
    "throttle": ("ThrottlingException", "Too many requests, please wait before trying again."),
    "unavailable": ("ServiceUnavailableException", "Bedrock is unable to process your request."),
    "server_error": ("InternalServerException", "The system encountered an unexpected error during processing."),
    "model_timeout": (
        "ModelTimeoutException",
        "Model has timed out in processing the request. Try your request again.",
    ),
    "validation": ("ValidationException", "The model returned the following errors: the request is not valid."),
    "access_denied": ("AccessDeniedException", "You don't have access to the model with the specified model ID."),
    "not_found": ("ResourceNotFoundException", "This model version has reached the end of its life."),
    "quota": ("ServiceQuotaExceededException", "Your request exceeds the service quota for your account."),
}


def refusal(fault: Fault) -> AwsError | None:
    """The error sent instead of a reply; None for a fault that strikes otherwise."""
    if fault == "context_overflow":
        return context_overflow()
    return AwsError(*_AT_ONCE[fault]) if fault in _AT_ONCE else None


def broken_stream(fault: Fault, request: ConverseRequest) -> AwsError | None:
    """The error that cuts a reply in half; None when the fault is silence or a closed socket."""
    if fault == "throttle_midstream":
        return AwsError(*_AT_ONCE["throttle"])
    if fault == "error_midstream":
        # Converse has no stream to break: there the same failure of the model is ModelErrorException
        code = "ModelStreamErrorException" if request.streaming else "ModelErrorException"
        return AwsError(code, "The model failed while it was writing the response.")
    return None
