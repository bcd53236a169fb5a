"""One invocation: its id, the time it has left, what was begun in it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any
from weakref import WeakKeyDictionary

LONGEST_SECONDS = 900.0
"""Of a Lambda invocation. A remaining time above it was reckoned with a clock that was set back."""


class Invocation:
    """What all runs of an invocation share, those in branches too.

    Lambda reckons the remaining time with the wall clock, which may be set while a function runs. So it is asked once,
    and from then on a clock counts that nobody can set.
    """

    def __init__(self, lambda_context: Any) -> None:
        remaining = getattr(lambda_context, "get_remaining_time_in_millis", None)
        self._whole = None if remaining is None else min(float(remaining()) / 1000, LONGEST_SECONDS)
        self._asked = time.monotonic()
        self._first_call: float | None = None
        self._deferred: Counter[str] = Counter()
        self.request_id = str(getattr(lambda_context, "aws_request_id", "") or "")
        self.lock = threading.RLock()
        self.knows_the_past = False

    def seconds_left(self) -> float | None:
        """Until Lambda ends it; None without a Lambda context."""
        return None if self._whole is None else self._whole - (time.monotonic() - self._asked)

    def call_begins(self) -> None:
        """Note that a call is really made now."""
        with self.lock:
            self._first_call = time.monotonic() if self._first_call is None else self._first_call

    def seconds_in_calls(self) -> float:
        """Since its first call began: how much more a call would have in a new invocation, where it is the first."""
        return 0.0 if self._first_call is None else time.monotonic() - self._first_call

    def deferred_before(self, operation: str) -> int:
        """How often this operation was put off in this invocation, before this time."""
        with self.lock:
            self._deferred[operation] += 1
            return self._deferred[operation] - 1


_invocations: WeakKeyDictionary[Any, Invocation] = WeakKeyDictionary()
_registering = threading.Lock()


def invocation_of(context: Any) -> Invocation:
    """The invocation that a durable context belongs to."""
    # The SDK's state is new in every invocation, and every context of it has the same one.
    with _registering:
        return _invocations.setdefault(context.state, Invocation(context.lambda_context))
