"""How a failed execution ends: typed, with the usage so far, without a text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aws_durable_execution_sdk_python.exceptions import (
    BackgroundThreadError,
    BotoClientError,
    ExecutionError,
    InvocationError,
)

from agent_workflow.privacy import type_of
from durable_strands.errors import AgentFailed
from durable_strands.named_failure import failing_as

DATA_LIMIT_BYTES = 16_384
"""An error object is limited far below a result: the local engine takes 32,768 bytes of it."""


def error_data(agent: str | None, usage: dict[str, Any], more: Mapping[str, Any] | None = None) -> str:
    """The data of a failed execution as JSON: the agent that failed, if one did, the usage so far, and `more`.

    The sums survive where the list of agents does not fit.
    """
    document = {**({"agent": agent} if agent else {}), "usage": usage, **(more or {})}
    text = json.dumps(document)
    if len(text) <= DATA_LIMIT_BYTES:
        return text
    return json.dumps({**document, "usage": {name: value for name, value in usage.items() if name != "agents"}})


def ended(error: Exception | BackgroundThreadError, data: str) -> BaseException:
    """What the execution ends with instead of `error`: the same type, a message without a text, and the data.

    An error for which Lambda will call again ends nothing; it only loses its message, which Lambda would print.
    """
    source = error.source_exception if isinstance(error, BackgroundThreadError) else error
    if isinstance(source, InvocationError) and source.is_retryable():
        source.args = (told(source),)
        return error
    if isinstance(source, AgentFailed):
        source.data = data
        return source
    kind = type(source)
    return failing_as(kind.__name__, kind.__module__, kind.__qualname__)(told(source), type_of(source), data)


def told(source: BaseException) -> str:
    """What happened, in words that cannot quote a text."""
    if isinstance(source, BotoClientError):
        code = source.error and source.error.get("Code")
        status = source.response_metadata and source.response_metadata.get("HTTPStatusCode")
        return f"the durable service answered {code or 'no error code'} ({status or 'no status'})"
    if isinstance(source, ExecutionError):
        return str(source)
    return f"the execution ended with {type_of(source)}"
