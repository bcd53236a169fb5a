"""The one line that says what is wrong with an execution, and what to do next. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from scripts.operate import advice
from scripts.operate.history import FAILED, RETRYING, History, Operation

QUIET_SECONDS = 900
"""Without any event for longer than an invocation may last, nothing can be under way but a wait."""

REVIEW = re.compile(r"review-[0-9]+")
QUESTION = re.compile(r"interrupt-[0-9]+")
"""Of an agent; a person answers it as a review."""
CONTINUED = re.compile(r"continue-[0-9]+")
"""Starts the execution in which this one goes on."""


def verdict(details: Mapping[str, Any], history: History, now: datetime) -> str:
    """What whoever looks at it at three in the morning has to know."""
    name, status = details["DurableExecutionName"], details["Status"]
    if status == "FAILED":
        return _failed(details, history)
    if status == "TIMED_OUT":
        late = f"it reached execution_timeout {_where(history)}: raise execution_timeout, or shorten what it waited for"
        return f"{late}; scripts/pipeline redrive {name} takes what it has paid"
    if status == "STOPPED":
        return f"somebody stopped it {_where(history)}: scripts/pipeline redrive {name} takes what it has paid"
    if status in ("PAUSED", "PAUSING"):
        return f"it is paused and does nothing: scripts/pipeline resume {name}"
    if status == "SUCCEEDED":
        return _succeeded(name, details)
    return _running(name, history, now)


def _succeeded(name: str, details: Mapping[str, Any]) -> str:
    try:
        outcome = json.loads(details.get("Result") or "null")["status"]
    except (ValueError, KeyError, TypeError):
        outcome = "completed"
    if outcome == "completed":
        return f"nothing is wrong: scripts/pipeline report {name} shows what it wrote"
    return f"nothing failed: it ended as {outcome}, so it has no report"


def _failed(details: Mapping[str, Any], history: History) -> str:
    error = details.get("Error") or {}
    kind = error.get("ErrorType") or "an error without a type"
    message = " ".join(str(error.get("ErrorMessage") or "").split())
    row = advice.of(kind)
    helps = f"what helps: {row.helps}" if row else "docs/errors.md knows no such type: read the log of its invocations"
    where = _where(history, FAILED)
    return f"{kind} {where}".rstrip() + (f": {message}" if message else "") + f"; {helps}"


def _where(history: History, status: str | None = None) -> str:
    """The innermost operation that failed last, or that was still open."""
    found = [path for path, operation in history.walk() if _stands(operation, status)]
    deepest = max(found, key=lambda path: (path.count("/"), found.index(path)), default="")
    return f"in {deepest}" if deepest else ""


def _stands(operation: Operation, status: str | None) -> bool:
    return operation.status == status if status else operation.is_open


def _running(name: str, history: History, now: datetime) -> str:
    if history.crash:
        return _crashes(history)
    open_ = [(path, operation) for path, operation in history.walk() if operation.is_open]
    said = (say(path, operation) for say in _sayings(name, now) for path, operation in open_)
    if found := next(filter(None, said), None):
        return found
    quiet = (now - history.last).total_seconds() if history.last else 0
    if quiet > QUIET_SECONDS:
        silent = f"nothing happened for {duration(quiet)}: its invocation may crash each time"
        return f"{silent}; read the log, see Errors in docs/operations.md"
    return f"it works {_where(history)}".rstrip() + ": nothing to do"


def _sayings(name: str, now: datetime) -> Sequence[Callable[[str, Operation], str | None]]:
    """What may be said of an operation that is open, the most urgent first; each gives None where it does not fit."""
    return (
        lambda path, one: _waits(name, path, one, now) if one.callback_id else None,
        lambda _, one: _goes_on(one) if CONTINUED.fullmatch(one.name) else None,
        lambda path, one: _retries(path, one, now) if one.status == RETRYING else None,
        lambda path, one: _sleeps(path, one, now) if one.kind == "Wait" else None,
    )


def _goes_on(operation: Operation) -> str | None:
    execution = operation.started_execution
    return f"it goes on in a new execution: scripts/pipeline show {execution}" if execution else None


def _sleeps(path: str, operation: Operation, now: datetime) -> str:
    return f"it waits in {path}, which ends {_until(operation.due, now) or 'by itself'}: nothing to do"


def _crashes(history: History) -> str:
    often = f"{history.crashes} invocations in a row" if history.crashes > 1 else "its last invocation"
    where = _where(history)
    again = "Lambda begins it again and again until execution_timeout"
    return f"{often} ended with {history.crash} {where}".rstrip() + f": {again}; see Errors in docs/operations.md"


def _waits(name: str, path: str, operation: Operation, now: datetime) -> str:
    since = f"since {duration(operation.seconds(now) or 0)}"
    if REVIEW.fullmatch(operation.name) or QUESTION.fullmatch(operation.name):
        return f"it waits {since} for a person to answer {path}: scripts/pipeline review show {name}"
    return f"it waits {since} for an answer from outside to {path}: its callback id is in `show --json`"


def _retries(path: str, operation: Operation, now: datetime) -> str:
    row = advice.of(operation.error_type or "")
    helps = f"; what helps: {row.helps}" if row else ""
    tried = f"try {operation.attempts} of {path} failed with {operation.error_type}"
    return f"{tried}, the next begins {_until(operation.retry_at, now) or 'soon'}: nothing to do yet{helps}"


def _until(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return ""
    seconds = (moment - now).total_seconds()
    return f"in {duration(seconds)}" if seconds > 0 else "now"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`."""
    if seconds < 10:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    rest, words = round(seconds), []
    for unit, size in units:
        if rest >= size:
            words.append(f"{rest // size} {unit}")
            rest %= size
        elif words:
            break
    return " ".join(words[:2])
