"""The typed failures of an agent run, and how they travel through a checkpoint.

The durable SDK writes a failure as three strings: type, message, data. The type is the qualified class name, so
these classes say they live in `builtins`: callers, alarms and runbooks then read `GuardrailIntervened`, a name that
survives moving a file. The data is JSON with the tokens spent before the failure.

    AgentFailed
    ├── ModelThrottled (tried again)
    ├── ModelUnavailable (tried again)
    ├── ModelTimedOut (tried again)
    ├── ModelStreamBroken (tried again)
    ├── DeadlineExceeded (tried again)
    ├── CallInterrupted (tried again)
    ├── ModelLimitReached
    ├── ContextWindowExceeded
    ├── GuardrailIntervened
    ├── ContentFiltered
    ├── MalformedModelReply
    ├── EmptyModelReply
    ├── AgentCancelled
    ├── AgentInterrupted
    ├── AgentLimitReached
    ├── ModelRequestInvalid
    ├── ModelAccessDenied
    ├── ModelNotFound
    ├── ModelUnreachable
    ├── ModelQuotaExceeded
    ├── StructuredOutputFailed
    ├── ResultTooLarge
    ├── ResultNotKept
    ├── RedriveRefused
    ├── ModelFailed
    └── UnsafeAgent
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from aws_durable_execution_sdk_python.exceptions import DurableOperationError

from durable_strands.records import CallRecord, Usage, condensed, total_usage, unknown_calls
from durable_strands.serdes import PlainJson

__all__ = [
    "AgentCancelled",
    "AgentFailed",
    "AgentInterrupted",
    "AgentLimitReached",
    "CallInterrupted",
    "ContentFiltered",
    "ContextWindowExceeded",
    "DeadlineExceeded",
    "EmptyModelReply",
    "GuardrailIntervened",
    "MalformedModelReply",
    "ModelAccessDenied",
    "ModelFailed",
    "ModelLimitReached",
    "ModelNotFound",
    "ModelQuotaExceeded",
    "ModelRequestInvalid",
    "ModelStreamBroken",
    "ModelThrottled",
    "ModelTimedOut",
    "ModelUnavailable",
    "ModelUnreachable",
    "RedriveRefused",
    "ResultNotKept",
    "ResultTooLarge",
    "StructuredOutputFailed",
    "UnsafeAgent",
    "billed_of",
    "not_kept",
    "rebuild",
]

_DATA_LIMIT_BYTES = 16_384
_SERDES = PlainJson()
_BROKEN = "broken_attempts"
_BY_NAME: dict[str, type[AgentFailed]] = {}


class AgentFailed(DurableOperationError):
    """An agent ended without an answer.

    Attributes:
        retryable: Whether the same call may succeed later. Only such failures are retried.
        maybe_billed: Whether the model may have answered, so that the call was billed for tokens that nobody reported.
        usage: Tokens spent by the run before it failed, as far as known.
        unknown_calls: Billed calls of the run whose tokens are unknown and not in `usage`.
        calls: The calls that had finished.
        details: What else the caller should get, as JSON.
    """

    retryable = False
    maybe_billed = False

    def __init_subclass__(cls) -> None:
        cls.__module__, cls.__qualname__ = "builtins", cls.__name__
        _BY_NAME[cls.__name__] = cls

    def __init__(
        self,
        message: str,
        usage: Usage | None = None,
        calls: tuple[CallRecord, ...] = (),
        details: Mapping[str, Any] | None = None,
        unknown: int | None = None,
    ) -> None:
        super().__init__(message, error_type=type(self).__name__)
        self.calls = calls
        self.usage = usage if usage is not None else total_usage(calls)
        self.unknown_calls = unknown if unknown is not None else unknown_calls(calls)
        self.details = dict(details or {})
        self.data = self._as_data()

    def _as_data(self) -> str:
        spent = {"usage": vars(self.usage), "unknown_calls": self.unknown_calls}
        # An error object has a size limit of its own; the sums must survive even when the list does not fit.
        for calls in (self.calls, condensed(self.calls), ()):
            text = _SERDES.serialize({**self.details, **spent, "calls": [call.to_dict() for call in calls]})
            if len(text.encode()) <= _DATA_LIMIT_BYTES:
                break
        return text

    def told(self, **details: Any) -> Self:
        """The same failure with `details`, which are JSON, in its data."""
        self.details.update(details)
        self.data = self._as_data()
        return self

    def forget(self, detail: str) -> Any:
        """Take `detail` out of the data again; its value, or None if there was none."""
        value = self.details.pop(detail, None)
        self.data = self._as_data()
        return value

    def cost_is_entered(self) -> None:
        """What it cost stands in the calls of its run already: its own is that of its calls only."""
        self.usage, self.unknown_calls = total_usage(self.calls), unknown_calls(self.calls)
        self.data = self._as_data()

    def of_attempts(self, broken: int) -> Self:
        """The same failure of one call, of whose attempts `broken` may have been billed for tokens nobody reported."""
        self.unknown_calls += int(broken > 0)
        return self.told(**{_BROKEN: broken})

    def unsent(self) -> Self:
        """The same failure of one call, which never left: nothing can have been billed."""
        self.maybe_billed = False
        return self

    def after(self, calls: tuple[CallRecord, ...]) -> AgentFailed:
        """The same failure, together with those calls that had finished before it and that it does not know yet."""
        known = set(self.calls)
        if earlier := tuple(call for call in calls if call not in known):
            self.calls, self.usage = (*earlier, *self.calls), total_usage(earlier) + self.usage
            self.unknown_calls += unknown_calls(earlier)
            self.data = self._as_data()
        return self


class ModelThrottled(AgentFailed):
    """The model service answered that the rate is too high."""

    retryable = True


class ModelUnavailable(AgentFailed):
    """The model service failed or was not ready (5xx, model not ready, no connection)."""

    retryable = True


class ModelTimedOut(AgentFailed):
    """No answer, or no next token, within the read timeout."""

    retryable = True
    maybe_billed = True


class ModelStreamBroken(AgentFailed):
    """The stream ended before the reply was complete."""

    retryable = True
    maybe_billed = True


class DeadlineExceeded(AgentFailed):
    """The call would have outlived the invocation that made it."""

    retryable = True
    maybe_billed = True


class CallInterrupted(AgentFailed):
    """The process ended in the middle of the call, or its checkpoint was not written, as often as the retries allow."""

    retryable = True
    maybe_billed = True


class ModelLimitReached(AgentFailed):
    """The reply was cut at the model's `max_tokens`."""


class ContextWindowExceeded(AgentFailed):
    """The conversation does not fit into the model's context window."""


class GuardrailIntervened(AgentFailed):
    """A Bedrock guardrail stopped the reply."""


class ContentFiltered(AgentFailed):
    """The model's own content filter stopped the reply."""


class MalformedModelReply(AgentFailed):
    """The model wrote a reply or a tool call that Bedrock could not read; it was billed."""


class EmptyModelReply(AgentFailed):
    """The model ended its turn without text and without a structured result."""


class AgentCancelled(AgentFailed):
    """The run was cancelled from inside, by a hook, a tool or `agent.cancel()`."""


class AgentInterrupted(AgentFailed):
    """A Strands interrupt asked for a person; use a durable tool that waits for a callback instead."""


class AgentLimitReached(AgentFailed):
    """The run reached its cap of turns or tokens."""


class ModelRequestInvalid(AgentFailed):
    """The model service refused the request as malformed."""


class ModelAccessDenied(AgentFailed):
    """No credentials, or no permission to call the model."""


class ModelNotFound(AgentFailed):
    """The model id is unknown in this region, or the model is retired."""


class ModelUnreachable(AgentFailed):
    """The way to the model service is shut until somebody opens it: a proxy's login, a certificate not trusted."""


class ModelQuotaExceeded(AgentFailed):
    """An account quota that waiting does not lift."""


class StructuredOutputFailed(AgentFailed):
    """The model did not produce the structured output asked for."""


class ResultTooLarge(AgentFailed):
    """A result is larger than a checkpoint may be."""


class ResultNotKept(AgentFailed):
    """A result could not be written, or read back unchanged, where results are kept."""


class RedriveRefused(AgentFailed):
    """What an earlier execution left cannot be taken: it is gone, or belongs to another flow or question."""


class ModelFailed(AgentFailed):
    """Any other failure of a model call."""


class UnsafeAgent(AgentFailed):
    """The agent is built in a way that cannot be made durable."""


def rebuild(error: DurableOperationError) -> AgentFailed:
    """The typed failure that `error`, read back from a checkpoint, stands for."""
    name = (error.error_type or "").rpartition(".")[2]
    message = error.message or ""
    if name == "StepInterruptedError":
        sentence = "a call was cut short (its process ended, or its checkpoint could not be written), no retry is left"
        return CallInterrupted(f"{sentence}: {message}")
    if name == "SerDesError":
        return not_kept(message, error.data)
    usage, unknown, calls, details = _read(error.data)
    if name not in _BY_NAME:
        return ModelFailed(f"{name}: {message}", usage, calls, details, unknown)
    kind = _BY_NAME[name]
    failure = kind.__new__(kind)
    # A subclass may have a constructor of its own; what was written is complete without it.
    AgentFailed.__init__(failure, message, usage, calls, details, unknown)
    return failure


def not_kept(message: str, data: str | None) -> ResultNotKept:
    """The failure of a serdes; `data` is what the lost value cost. Default of a serdes without data: unknown."""
    usage, unknown, calls, details = _read(data)
    return ResultNotKept(message, usage, calls, details, 1 if usage is None else unknown)


def billed_of(error: Any) -> int:
    """How many tries may have been billed for tokens nobody reported, as the error of the last one says. Default: 1.

    Args:
        error: The SDK's error object of a try; None if the engine keeps none.
    """
    details = _read(error.data if error else None)[3]
    return int(details.get(_BROKEN, 1))


def _read(data: str | None) -> tuple[Usage | None, int | None, tuple[CallRecord, ...], dict[str, Any]]:
    try:
        document: Any = _SERDES.deserialize(data or "null")
        usage, unknown = Usage(**document.pop("usage")), int(document.pop("unknown_calls"))
        return usage, unknown, tuple(CallRecord.from_dict(call) for call in document.pop("calls")), document
    except (ValueError, TypeError, KeyError, AttributeError):
        return None, None, (), {}
