"""How long an invocation takes to read back a long history before it does anything new."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import Duration
from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner

from scripts.bench.row import Asked, NotMeasured, Row
from scripts.cost_model.function import deployed_with

OPERATIONS = 1_000
# a turn of four tools at once: a model call, a fork, four tools
LONG, SHORT, AT_ONCE = OPERATIONS // 6, 10, 4
TURNS = (25, 150, 300, 600, 1_000)
MOST_TIMES_AS_LONG = 6
"""What a resume at the second of TURNS may take over one at the first: they have six times as many."""
TIMEOUT_SECONDS = 900


@dataclass
class Passes:
    """Seconds from the start of each invocation until the function said that it is past its history."""

    seconds: list[float] = field(default_factory=list)
    _began: float = 0

    def begin(self) -> None:
        """An invocation starts."""
        self._began = time.perf_counter()

    def past(self) -> None:
        """All that had happened before has been read back."""
        self.seconds.append(time.perf_counter() - self._began)


Body = Callable[[DurableContext, Passes], None]


def long_history(asked: Asked) -> Iterator[Row]:
    """A history, then a suspension; timed is the second invocation."""
    middle = "turns of 4 parallel tools, in the middle of its loop"
    shapes: tuple[tuple[str, str, Body], ...] = (
        ("sdk", f"{OPERATIONS:,} bare SDK steps", _steps),
        ("agent", f"an agent of {SHORT} {middle}", partial(_agent, SHORT, AT_ONCE)),
        ("long-agent", f"an agent of {LONG} {middle} ({LONG * 6:,} operations)", partial(_agent, LONG, AT_ONCE)),
    )
    for name, what, body in shapes:
        yield _row(name, what, _least(body, asked.repeat))


def many_turns(asked: Asked) -> Iterator[Row]:
    """Agents of ever more turns, each suspended in its last; timed is the second invocation."""
    least = {}
    for turns in TURNS:
        # the first invocation takes far longer than what is timed: Strands copies the conversation at each live turn
        least[turns] = _least(partial(_agent, turns, 1), asked.repeat if turns <= TURNS[1] else 1)
        yield _row(
            f"turns-{turns}", f"an agent of {turns:,} turns of one tool, in the middle of its loop", least[turns]
        )
    yield Row(
        name="replay-turns-ratio",
        what=f"replay at {TURNS[1]} turns over that at {TURNS[0]}",
        value=least[TURNS[1]] / least[TURNS[0]],
        unit="x",
        target=MOST_TIMES_AS_LONG,
        how="from the two rows above",
    )


def _least(body: Body, repeat: int) -> float:
    with deployed_with("http://127.0.0.1:9"):  # nothing is called: it only keeps the function's output apart
        return min(_second_pass(body) for _ in range(repeat))


def _row(name: str, what: str, seconds: float) -> Row:
    return Row(
        name=f"replay-{name}",
        what=f"replay of {what}",
        value=seconds * 1000,
        unit="ms",
        how="from the start of the resumed invocation until its first new operation, history in memory",
    )


def _second_pass(body: Body) -> float:
    passes = Passes()

    @durable_execution
    def function(_event: Any, context: DurableContext) -> None:
        body(context, passes)

    def timed(event: Any, context: Any) -> Any:
        passes.begin()
        return function(event, context)

    with DurableFunctionTestRunner(timed, poll_interval=0.05, skip_time=True) as runner:
        outcome = runner.run(input=json.dumps({}), execution_timeout=TIMEOUT_SECONDS)
    if outcome.error is not None or len(passes.seconds) < 2:  # noqa: PLR2004  (the first invocation and the resumed one)
        raise NotMeasured(f"the function was not resumed: {outcome.error}")
    return passes.seconds[1]


def _steps(context: DurableContext, passes: Passes) -> None:
    for number in range(OPERATIONS):
        context.step(lambda _: {"text": "done"}, name=f"step-{number}")
    passes.past()
    context.wait(Duration.from_seconds(1), name="pause")


def _agent(turns: int, at_once: int, context: DurableContext, passes: Passes) -> None:
    from durable_strands import Limits, run
    from scripts.bench.looping_agent import looping_agent

    def paused(child: DurableContext) -> str:
        passes.past()
        child.wait(Duration.from_seconds(1), name="pause")
        return "done"

    limits = Limits(turns=turns + 2)
    run(context, lambda: looping_agent(turns, at_once, paused), "go", name="looping-agent", limits=limits)
