"""When a call may begin: where its time fits into the invocation, and its tokens into the minute."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from durable_strands.deferral import Deferrals
from durable_strands.errors import AgentFailed, ModelThrottled
from durable_strands.limiter import WINDOW_SECONDS, limiter, weighted
from durable_strands.live import LiveRun
from durable_strands.observer import safely
from durable_strands.operations import Operations
from durable_strands.past import finished_calls
from durable_strands.records import Usage
from durable_strands.usual import usual_times

SLACK = 1.25
"""Of the usual time: few calls have told how widely they differ."""

WORTHWHILE_SECONDS = 1.0
"""What a new invocation must have more. It costs a second, the shortest timer of the engine."""

_LETTERS_PER_TOKEN = 4

LEARN = "learn"
"""Instead of a number of tokens a minute: no limit but what throttles teach."""


@dataclass(frozen=True)
class Held:
    """A call that may begin.

    Attributes:
        deferrals: How often it was put off so far, in all invocations.
    """

    deferrals: int = 0
    _operation: str = ""
    _model: str = ""
    _limit: float | None = None

    def ended(self, usage: Usage | None) -> None:
        """The call took `usage`; None, which is unknown, counts as much as it had reserved."""
        if self._limit is not None:
            tokens = None if usage is None else weighted(usage, self._model)
            limiter.settle(self._model, self._operation, tokens=tokens, limit=self._limit, now=time.monotonic())

    def failed(self, failure: AgentFailed) -> None:
        """The call failed; a throttle took nothing, and teaches."""
        if self._limit is not None and isinstance(failure, ModelThrottled):
            limiter.throttled(self._model, self._operation, limit=self._limit, now=time.monotonic())
        else:
            self.ended(None)


def hold_model(run: LiveRun, name: str, model_id: str | None, reserve: Callable[[], float]) -> Held:
    """Return when the model call that comes next may begin; else put it off, which suspends the execution.

    Args:
        run: The run.
        name: The call.
        model_id: Who will answer.
        reserve: Counts the tokens that must be free for it to begin.
    """
    deferrals, first = run.operations.deferrals(name), run.options.usual_seconds
    if not deferrals.begins:
        return Held()
    _wait_for_time(run, name, deferrals, lambda: _needed(usual_times.of_model(model_id, run.name), first))
    limit = _limit(run, model_id)
    if limit is not None:
        _learn(run)
        now, model = time.monotonic(), model_id or ""
        wait = limiter.seconds_until(model, deferrals.operation, reserve=reserve(), limit=limit, now=now)
        if wait:
            # Of calls under way nobody knows what they will have taken, only that a minute after them it is forgotten.
            seconds = min(_doubling(run, deferrals), WINDOW_SECONDS) if wait == math.inf else wait
            _put_off(run, name, deferrals, math.ceil(seconds))
    return Held(deferrals.count, deferrals.operation, model_id or "", limit)


def hold_tool(run: LiveRun, operations: Operations, name: str, timeout: float) -> int:
    """The same for the tool call that comes next below `operations`, which may take `timeout` seconds at most.

    Returns:
        How often it was put off so far.
    """
    deferrals, first = operations.deferrals(name), run.options.usual_seconds
    if deferrals.begins:
        _wait_for_time(run, name, deferrals, lambda: min(timeout, _needed(usual_times.of_tool(name), first)))
    return deferrals.count


def tokens_set_aside(request: Any, max_tokens: int | None) -> float:
    """What must be free in Bedrock's quota for a call to begin: what it sends, by letters, and the most it may say."""
    letters = len(json.dumps(request, default=lambda _: "", ensure_ascii=False))
    return letters / _LETTERS_PER_TOKEN + (max_tokens or 0)


def _needed(usual: float | None, first: float) -> float:
    return first if usual is None else SLACK * usual


def _limit(run: LiveRun, model_id: str | None) -> float | None:
    chosen = run.options.tokens_per_minute.get(model_id or "")
    return math.inf if chosen == LEARN else None if chosen is None else float(chosen)


def _wait_for_time(run: LiveRun, name: str, deferrals: Deferrals, needed: Callable[[], float]) -> None:
    left = run.seconds_to_deadline()
    # The first call of an invocation runs with what there is: another one would have no more for it.
    if left is None or run.within.seconds_in_calls() < WORTHWHILE_SECONDS:
        return
    _learn(run)
    if needed() > left:
        _put_off(run, name, deferrals, min(_doubling(run, deferrals), math.ceil(max(left, 1))))


def _doubling(run: LiveRun, deferrals: Deferrals) -> int:
    """In a branch the time passes in this invocation, as long as others work: each deferral there is twice as long."""
    return int(2 ** min(run.within.deferred_before(deferrals.operation), 10))


def _put_off(run: LiveRun, name: str, deferrals: Deferrals, seconds: int) -> None:
    safely(run.observer.call_deferred, run.name, run.path + name, seconds)
    deferrals.add(seconds)


def _learn(run: LiveRun) -> None:
    """Note what earlier invocations took, once in each, and only if needed: it reads every result of the execution.

    A replay alone would not do: a branch may come here before others have read their calls back.
    """
    with run.within.lock:
        if not run.within.knows_the_past:
            now = time.monotonic()
            for call in finished_calls(run.operations.all()):
                usual_times.note(call.record)
                if call.record.kind == "model" and call.record.usage is not None:
                    model = call.record.model_id or ""
                    tokens = weighted(call.record.usage, model)
                    limiter.remember(model, call.operation, tokens=tokens, at=now - call.seconds_ago, now=now)
            run.within.knows_the_past = True
