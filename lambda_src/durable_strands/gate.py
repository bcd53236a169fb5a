"""When a call may begin: not in an invocation whose time is too short for it, if a new one has more."""

from __future__ import annotations

import math
from collections.abc import Callable

from durable_strands.live import LiveRun
from durable_strands.observer import safely
from durable_strands.operations import Operations
from durable_strands.past import finished_calls
from durable_strands.usual import usual_times

SLACK = 1.25
"""Of the usual time: few calls have told how widely they differ."""

WORTHWHILE_SECONDS = 1.0
"""What a new invocation must have more. It costs a second, the shortest timer of the engine."""


def hold_model(run: LiveRun, name: str, model_id: str | None) -> int:
    """Put off the model call that comes next, which suspends the execution, unless it may begin.

    Returns:
        How often it was put off so far, in all invocations.
    """
    first = run.options.usual_seconds
    return _hold(run, run.operations, name, lambda: _needed(usual_times.of_model(model_id, run.name), first))


def hold_tool(run: LiveRun, operations: Operations, name: str, timeout: float) -> int:
    """The same for the tool call that comes next below `operations`, which may take `timeout` seconds at most."""
    first = run.options.usual_seconds
    return _hold(run, operations, name, lambda: min(timeout, _needed(usual_times.of_tool(name), first)))


def _needed(usual: float | None, first: float) -> float:
    return first if usual is None else SLACK * usual


def _hold(run: LiveRun, operations: Operations, name: str, needed: Callable[[], float]) -> int:
    deferrals, left = operations.deferrals(name), run.seconds_to_deadline()
    # The first call of an invocation runs with what there is: another one would have no more for it.
    if not deferrals.begins or left is None or run.within.seconds_in_calls() < WORTHWHILE_SECONDS:
        return deferrals.count
    _learn(run, operations)
    if needed() <= left:
        return deferrals.count
    # In a branch the time may pass in this invocation, as long as others work: each deferral there is twice as long.
    seconds = min(2 ** run.within.deferred_before(deferrals.operation), math.ceil(max(left, 1)))
    safely(run.observer.call_deferred, run.name, run.path + name, seconds)
    deferrals.add(seconds)
    return deferrals.count


def _learn(run: LiveRun, operations: Operations) -> None:
    """Note what earlier invocations took, once in each: a branch may come here before others have read theirs back."""
    with run.within.lock:
        if not run.within.knows_the_past:
            for record, _ in finished_calls(operations.all()):
                usual_times.note(record)
            run.within.knows_the_past = True
