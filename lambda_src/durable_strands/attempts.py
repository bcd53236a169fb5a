"""A try of a model call that is about to begin, as an observer is told of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Attempt", "most_tokens"]

_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


@dataclass(frozen=True)
class Attempt:
    """One try of one model call.

    Attributes:
        execution: ARN of the execution.
        agent: Name of the agent's operation.
        call: Name of the call inside it: `model-1`.
        number: Which try of this call it is, from 1; a number is never tried twice.
        model_id: The model that is asked; None if it has no id.
        max_tokens: Most tokens that it may write; None if its configuration does not say.
        request: What it is sent: messages, tools, system prompt.
    """

    execution: str
    agent: str
    call: str
    number: int
    model_id: str | None
    max_tokens: int | None
    request: Any

    @property
    def operation(self) -> str:
        """The call's name among those of all executions."""
        return f"{self.execution}/{self.agent}/{self.call}"

    def request_bytes(self) -> int:
        """Length of the request as JSON in ASCII, with what is no text in base64."""
        return len(json.dumps(self.request, default=_written))


def most_tokens(config: Mapping[str, Any]) -> int | None:
    """Most tokens of a reply, wherever a provider's model keeps it in its configuration; None if it does not say."""
    parts = [config, config.get("params"), config.get("payload_config")]
    limits = [part.get(name) for part in parts if isinstance(part, Mapping) for name in _LIMITS]
    return next((limit for limit in limits if isinstance(limit, int)), None)


def _written(value: Any) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else ""
