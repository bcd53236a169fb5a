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
# Strands recurses once a turn and ends at about 320 turns, so a history this long comes from several tools a turn:
# a model call, a fork, four tools.
LONG, SHORT = OPERATIONS // 6, 10
TIMEOUT_SECONDS = 300


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
        ("agent", f"an agent of {SHORT} {middle}", partial(_agent, SHORT)),
        ("long-agent", f"an agent of {LONG} {middle} ({LONG * 6:,} operations)", partial(_agent, LONG)),
    )
    for name, what, body in shapes:
        with deployed_with("http://127.0.0.1:9"):  # nothing is called: it only keeps the function's output apart
            least = min(_second_pass(body) for _ in range(asked.repeat))
        yield Row(
            name=f"replay-{name}",
            what=f"replay of {what}",
            value=least * 1000,
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


def _agent(turns: int, context: DurableContext, passes: Passes) -> None:
    from durable_strands import Limits, run
    from scripts.bench.looping_agent import looping_agent

    def paused(child: DurableContext) -> str:
        passes.past()
        child.wait(Duration.from_seconds(1), name="pause")
        return "done"

    limits = Limits(turns=turns + 2)
    run(context, lambda: looping_agent(turns, paused), "go", name="looping-agent", limits=limits)
