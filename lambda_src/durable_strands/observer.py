"""Where a ledger, metrics and budgets look on while an agent runs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from durable_strands.attempts import Attempt
from durable_strands.errors import AgentFailed
from durable_strands.records import CallRecord, Usage

_logger = logging.getLogger(__name__)


class Observer:
    """Base class: every method does nothing until overridden.

    Two kinds of methods, by how often they are called. `before_model_call` and `call_returned` are called on every
    pass, replays included, in the same order with the same values: derive state from them. The others are called inside
    the step, once for what really happened: emit metrics from them. The second kind may be called from several threads
    at once when tools of one turn run in parallel.
    """

    def before_model_call(self, agent: str, call: str) -> None:
        """Called before model call `call`; an exception raised here ends the run with it."""

    def call_returned(self, record: CallRecord) -> None:
        """Called for each finished call, exactly once per pass."""

    def attempt_begins(self, attempt: Attempt) -> None:
        """Called inside the step before each try of a model call; what it raises fails the try, and nothing is sent."""

    def attempt_ended(self, attempt: Attempt, usage: Usage | None) -> None:
        """Called inside the step after each try that was sent: the tokens billed for it, None if nobody knows."""

    def call_made(self, record: CallRecord) -> None:
        """Called inside the step, once per call that was really made."""

    def call_deferred(self, agent: str, call: str, seconds: int) -> None:
        """Called outside every step, once per time that a call was put off before it began, for `seconds`."""

    def attempt_failed(self, agent: str, call: str, attempt: int, error: AgentFailed) -> None:
        """Called inside the step for each attempt that failed."""


def safely(notify: Callable[..., None], *arguments: Any) -> None:
    """Tell an observer from inside a step: its failure must not fail, and so repay, a call that was paid."""
    try:
        notify(*arguments)
    except Exception:
        _logger.exception("observer failed, the call stands")
