"""Which typed failure an exception of a model call is. Reads types, codes and statuses; decides nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from durable_strands import errors, failure_table
from durable_strands.errors import AgentFailed
from durable_strands.failure_table import Kind

__all__ = ["classify"]

_CAUSES = 5
_STATUSES = range(300, 600)

# Module of the frame that raised -> what it raises over a reply that it cannot read, such as an empty body or a page.
_READERS: dict[str, tuple[type[Exception], ...]] = {
    "botocore.parsers": (Exception,),
    "botocore.eventstream": (Exception,),
    "strands.models": (KeyError, IndexError),
}

# What http.client says of a proxy that does not connect: a status, and nothing that was sent.
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")

# Error codes and request ids.
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def classify(error: BaseException) -> AgentFailed:
    """The typed failure for `error`, unwrapping Strands' EventLoopException first."""
    while (inner := getattr(error, "original_exception", None)) is not None:
        error = inner
    if isinstance(error, AgentFailed):
        return error
    kind = _shut(error) or next(filter(None, map(_kind, _chain(error))), errors.ModelFailed)
    return kind(_message(error))


def _shut(error: BaseException) -> Kind | None:
    """What no retry opens, which clients wrap as if it were a broken connection."""
    for _ in range(_CAUSES * 2):
        refused = _TUNNEL.search(str(error)) if isinstance(error, OSError) else None
        kind = _STATUS_KINDS.get(int(refused[1])) if refused else _by_name(error, _SHUT)
        if kind is not None and not kind.retryable:
            return kind
        inner = error.__cause__ or error.__context__
        if inner is None:
            return None
        error = inner
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, then what it was raised from; the cause first where it says more than a vague wrapper."""
    name, cause = type(error).__name__, error.__cause__
    read_cause = {"ModelThrottledException": _by_code, "APIConnectionError": _kind}.get(name)
    if read_cause is not None and cause is not None and read_cause(cause):
        yield cause
    for _ in range(_CAUSES):
        yield error
        if error.__cause__ is None:
            return
        error = error.__cause__


def _kind(error: BaseException) -> Kind | None:
    return (
        _by_code(error)
        or _by_name(error, _CLASSES)
        or _by_status(error)
        or _by_name(error, _LAST_RESORT)
        or _by_reader(error)
    )


def _by_code(error: BaseException) -> Kind | None:
    return next((_CODES[code] for code in map(_plain, _codes(error)) if code in _CODES), None)


def _by_name(error: BaseException, names: Mapping[str, Kind]) -> Kind | None:
    return next((names[cls.__name__] for cls in type(error).__mro__ if cls.__name__ in names), None)


def _by_status(error: BaseException) -> Kind | None:
    status = next(filter(None, map(_status, _statuses(error))), None)
    if status is None:
        return None
    if status in _STATUS_KINDS:
        return _STATUS_KINDS[status]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return failure_table.OF_A_SERVER
    return failure_table.OF_A_REQUEST if status >= HTTPStatus.BAD_REQUEST else None


def _by_reader(error: BaseException) -> Kind | None:
    """A reply that could not be read: known by the module of the innermost frame, for the types say nothing."""
    trace = error.__traceback__
    if trace is None:
        return None
    while trace.tb_next is not None:
        trace = trace.tb_next
    module = str(trace.tb_frame.f_globals.get("__name__", ""))
    raises = next((kinds for prefix, kinds in _READERS.items() if f"{module}.".startswith(f"{prefix}.")), ())
    return errors.ModelStreamBroken if isinstance(error, raises) else None


def _codes(error: BaseException) -> Iterator[Any]:
    """Wherever a client keeps the word for what went wrong, the most exact first."""
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict):
        yield _dict(response.get("Error")).get("Code")
    for attribute in ("code", "type", "status"):
        yield getattr(error, attribute, None)
    body = _dict(getattr(error, "body", None))
    yield from (_dict(body.get("error")).get(key) for key in ("code", "type"))


def _statuses(error: BaseException) -> Iterator[Any]:
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict):
        # what the container behind a SageMaker endpoint answered; SageMaker's own status of it is always 424
        yield response.get("OriginalStatusCode")
    for attribute in ("status_code", "code", "status"):
        yield getattr(error, attribute, None)
    if isinstance(response, dict):
        yield _dict(response.get("ResponseMetadata")).get("HTTPStatusCode")
        yield _dict(response.get("Error")).get("Code")
    else:
        yield getattr(response, "status_code", None)


def _status(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    return value if isinstance(value, int) and value in _STATUSES else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _plain(code: Any) -> str:
    # Event-stream errors start with a small letter.
    return code.lower() if isinstance(code, str) else ""


def _message(error: BaseException) -> str:
    """What happened, in words that cannot quote a text: a service's own message may repeat what it was sent."""
    response: Any = getattr(error, "response", None)
    if not isinstance(response, dict):
        return f"the model call ended with {type(error).__name__}"
    code, metadata = _dict(response.get("Error")).get("Code"), _dict(response.get("ResponseMetadata"))
    status, request = metadata.get("HTTPStatusCode"), metadata.get("RequestId")
    parts = (f"HTTP {status}" if status else "", f"request {request}" if _is_plain(request) else "")
    more = ", ".join(filter(None, parts))
    return f"the model service answered {code if _is_plain(code) else 'no error code'}" + (f" ({more})" if more else "")


def _is_plain(word: object) -> bool:
    return isinstance(word, str) and _PLAIN.fullmatch(word) is not None


_CODES = {_plain(code): kind for kind, codes in failure_table.BY_CODE.items() for code in codes}
_CLASSES = {name: kind for kind, names in failure_table.BY_CLASS.items() for name in names}
_SHUT = {name: kind for name, kind in _CLASSES.items() if kind is errors.ModelUnreachable}
_STATUS_KINDS = {status: kind for kind, statuses in failure_table.BY_STATUS.items() for status in statuses}
_LAST_RESORT = {name: kind for kind, names in failure_table.LAST_RESORT.items() for name in names}
