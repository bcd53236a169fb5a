"""How many tokens a minute a model is asked for: a window that all branches share, and what throttles teach.

Pure arithmetic; whoever asks says what time it is, in seconds of a clock that cannot be set.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field

from durable_strands.records import Usage

WINDOW_SECONDS = 60.0

LOWEST = 1000.0
"""Tokens a minute below which no throttle brings a model."""

RAISE = 1.1
"""By which a success raises a limit that a throttle has lowered."""

_FORGOTTEN_SECONDS = 900.0
"""After the longest time of an invocation a call that never ended has died with it."""


def weighted(usage: Usage, model_id: str | None) -> float:
    """Tokens of a call as Bedrock's quota counts them: cache reads not at all, what Claude writes five times."""
    return usage.input_tokens + usage.cache_write_tokens + output_weight(model_id) * usage.output_tokens


def output_weight(model_id: str | None) -> int:
    """What Bedrock's quota counts for a token that the model writes.

    https://docs.aws.amazon.com/bedrock/latest/userguide/quotas.html: 5 for Claude since 3.7, here for every Claude.
    """
    return 5 if "anthropic.claude" in (model_id or "") else 1


@dataclass
class _Taken:
    tokens: float
    at: float
    under_way: bool = False


@dataclass
class _Window:
    """Of one model: its calls by key, those under way with what they reserved, and the limit that throttles taught."""

    calls: dict[str, _Taken] = field(default_factory=dict)
    learned: float = math.inf

    def forget(self, now: float) -> None:
        def lasts(call: _Taken) -> bool:
            return now - call.at < (_FORGOTTEN_SECONDS if call.under_way else WINDOW_SECONDS)

        self.calls = {key: call for key, call in self.calls.items() if lasts(call)}

    def taken(self) -> float:
        return sum(call.tokens for call in self.calls.values())


class TokenLimiter:
    """Says when a call may begin; what it lets begin is reserved until it is settled. Safe in threads."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}
        self._counting = threading.Lock()

    def seconds_until(self, model: str, call: str, *, reserve: float, limit: float, now: float) -> float:
        """0 when `call` may begin, `reserve` tokens reserved; else seconds until it may, infinite where unknown.

        Args:
            model: The model.
            call: Id of the call.
            reserve: Tokens that it needs free to begin. More than the limit: it begins in an empty window.
            limit: Tokens a minute; infinite where only throttles limit it.
            now: The time.
        """
        with self._counting:
            window = self._window(model, now)
            least = min(limit, window.learned)
            if (wait := _wait(window, min(reserve, least), least, now)) > 0:
                return wait
            window.calls[call] = _Taken(reserve, now, under_way=True)
            return 0

    def settle(self, model: str, call: str, *, tokens: float | None, limit: float, now: float) -> None:
        """`call` has ended and took `tokens`; None, which is unknown, leaves what was reserved."""
        with self._counting:
            window = self._window(model, now)
            reserved = window.calls.get(call, _Taken(0, now))
            window.calls[call] = _Taken(reserved.tokens if tokens is None else tokens, now)
            window.learned = window.learned * RAISE if window.learned < limit else math.inf

    def throttled(self, model: str, call: str, *, limit: float, now: float) -> None:
        """`call` was refused: its model gets half of its limit; without one, half of what it was asked for."""
        with self._counting:
            window = self._window(model, now)
            least = min(limit, window.learned)
            window.learned = max(LOWEST, (window.taken() if least == math.inf else least) / 2)
            window.calls.pop(call, None)

    def remember(self, model: str, call: str, *, tokens: float, at: float, now: float) -> None:
        """Note a call of an earlier invocation that ended `at`."""
        with self._counting:
            calls = self._window(model, now).calls
            known = calls.get(call, _Taken(tokens, now))
            calls[call] = _Taken(known.tokens, min(at, known.at))

    def _window(self, model: str, now: float) -> _Window:
        window = self._windows.setdefault(model, _Window())
        window.forget(now)
        return window


def _wait(window: _Window, reserve: float, limit: float, now: float) -> float:
    over = window.taken() + reserve - limit
    if over <= 0 or limit == math.inf:
        return 0
    for call in sorted((each for each in window.calls.values() if not each.under_way), key=lambda each: each.at):
        over -= call.tokens
        if over <= 0:
            return max(1.0, call.at + WINDOW_SECONDS - now)
    return math.inf


limiter = TokenLimiter()
"""Of this process."""
