"""A call that would be cut by the Lambda timeout is put off before it begins, and nothing counts it.

The local engine's invocations say that they have 900 seconds, so a margin of 900 - T leaves T. The clock is set by
what the model and the tools do, so that no test waits, and none can be too slow.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from strands import Agent, tool
from strands.types.exceptions import ModelThrottledException

from durable_strands import ToolOptions, gate, invocation, map_agents, model_calls, run, tool_steps, usual
from durable_strands.invocation import Invocation, invocation_of
from tests.lambda_src.durable_strands.engine import Watcher, on_engine
from tests.lambda_src.durable_strands.scripted import ScriptedModel, tool_use


class Clock:
    """Goes on only when somebody works."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.usual = usual.UsualTimes()
        self._setting = threading.Lock()

    def monotonic(self) -> float:
        return self.now

    time = staticmethod(time.time)

    def work(self, seconds: float) -> None:
        with self._setting:
            self.now += seconds


class Looking(Watcher):
    """Notes what was put off too."""

    def __init__(self) -> None:
        super().__init__()
        self.deferred: list[tuple[str, int]] = []

    def call_deferred(self, agent: str, call: str, seconds: int) -> None:
        self.deferred.append((f"{agent}/{call}", seconds))


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in (invocation, model_calls, tool_steps):
        monkeypatch.setattr(module, "time", clock)
    for name in ("gate", "live"):
        monkeypatch.setattr(f"durable_strands.{name}.usual_times", clock.usual)
    return clock


@dataclass
class Timed:
    """Runs one agent whose turn N takes `latencies[N]` seconds, in invocations of `timeout` seconds."""

    clock: Clock
    latencies: list[float]
    timeout: float
    faults: dict[int, list[Any]] = field(default_factory=dict)
    forget: bool = False
    cut: list[int] = field(default_factory=list)
    watcher: Looking = field(default_factory=Looking)

    def __post_init__(self) -> None:
        turns = [[tool_use("noop", f"id-{turn}")] for turn in range(len(self.latencies) - 1)]
        self.model = Slow([*turns, "done"], self)
        self.began = 0.0

    def outcome(self, **choices: Any):
        def body(context):
            self.began = self.clock.now
            self.watcher.start_pass()
            if self.forget:  # as in a fresh process
                self.clock.usual._kinds.clear()
            build = lambda: Agent(model=self.model, tools=[noop], callback_handler=None)  # noqa: E731
            margin = 900 - self.timeout
            return run(
                context, build, "go", name="a", observer=self.watcher, deadline_margin_seconds=margin, **choices
            ).text

        return on_engine(body)


class Slow(ScriptedModel):
    """Works for the seconds of its turn, and notes if the invocation ended meanwhile."""

    def __init__(self, script: list[Any], run: Timed) -> None:
        super().__init__(script, run.faults)
        self.run = run

    async def stream(self, messages, *args, **kwargs):
        turn = sum(message["role"] == "assistant" for message in messages)
        self.run.clock.work(self.run.latencies[turn])
        if self.run.clock.now - self.run.began > self.run.timeout:
            self.run.cut.append(turn)
        async for event in super().stream(messages, *args, **kwargs):
            yield event


@tool
def noop() -> str:
    """Nothing."""
    return "x"


def test_a_call_that_does_not_fit_any_more_begins_in_the_next_invocation_and_counts_once(clock):
    timed = Timed(clock, [4, 4, 4], timeout=10)
    outcome = timed.outcome(usual_seconds=4)
    assert outcome.value == "done"
    assert outcome.names == [
        "a", "a/model-1", "a/tool-1-noop", "a/model-2", "a/tool-2-noop", "a/model-3-deferred-1", "a/model-3",
    ]  # fmt: skip
    assert outcome.invocations == 2
    assert timed.model.calls == [0, 1, 2]
    assert timed.cut == []
    assert timed.watcher.deferred == [("a/model-3", 1)]
    assert timed.watcher.failed == []
    calls = [record for record in timed.watcher.returned if record.kind == "model"]
    assert [(record.attempts, record.deferrals) for record in calls] == [(1, 0), (1, 0), (1, 1)]
    assert [record.broken_attempts for record in calls] == [0, 0, 0]


SWEEP = [(3, 0.9), (3, 2.2), (5, 1.1), (10, 4.5)]
"""Seconds of an invocation, of a call. `scripts/bench.py --only yield` sweeps real processes and their kills."""


@pytest.mark.parametrize("forget", [False, True], ids=["warm", "fresh-process"])
def test_no_call_of_a_run_is_cut_whatever_the_timeout_and_the_latency(clock, forget):
    for timeout, latency in SWEEP:
        timed = Timed(clock, [latency] * 6, timeout, forget=forget)
        outcome = timed.outcome(usual_seconds=timeout)
        assert outcome.value == "done"
        assert (timed.cut, timed.model.calls) == ([], list(range(6))), (timeout, latency)
        assert outcome.invocations - 1 == len(timed.watcher.deferred) <= 10  # at most one for each call but the first


def test_fails_when_calls_begin_without_a_look_at_the_clock(clock, monkeypatch):
    monkeypatch.setattr(gate, "WORTHWHILE_SECONDS", 10_000)
    timeout, latency = SWEEP[0]
    timed = Timed(clock, [latency] * 6, timeout)
    timed.outcome(usual_seconds=timeout)
    assert timed.cut


def test_what_earlier_invocations_took_is_known_in_a_fresh_process(clock):
    timed = Timed(clock, [1, 6, 1, 1], timeout=12, forget=True)
    assert timed.outcome(usual_seconds=1).value == "done"
    assert timed.cut == []
    # after the six seconds of turn 2, five are left: too few for another such call
    assert [call for call, _ in timed.watcher.deferred] == ["a/model-3"]


def test_a_call_that_fits_into_no_invocation_is_made_as_the_first_of_one_and_never_put_off_twice(clock):
    timed = Timed(clock, [20, 20], timeout=10)
    assert timed.outcome(usual_seconds=20).value == "done"  # the engine here does not kill it
    assert timed.model.calls == [0, 1]
    assert [call for call, _ in timed.watcher.deferred] == ["a/tool-1-noop"]  # so the next call is a first one too


def test_a_deferral_between_two_tries_is_no_try(clock):
    throttled = [ModelThrottledException("wait"), ModelThrottledException("wait")]
    timed = Timed(clock, [4, 4, 4], timeout=10, faults={2: throttled})
    outcome = timed.outcome(usual_seconds=4)
    assert outcome.value == "done"
    assert timed.watcher.failed == [("model-3", 1, "ModelThrottled"), ("model-3", 2, "ModelThrottled")]
    assert [record.attempts for record in timed.watcher.returned if record.kind == "model"] == [1, 1, 3]


def test_a_tool_that_would_be_cut_is_put_off_too_even_one_that_runs_at_most_once(clock):
    done = []

    @tool
    def order() -> str:
        """Order."""
        clock.work(5)
        done.append(clock.now)
        return "x"

    model = ScriptedModel([[tool_use("order", "1")], [tool_use("order", "2")], "done"])
    watcher = Looking()

    def body(context):
        build = lambda: Agent(model=model, tools=[order], callback_handler=None)  # noqa: E731
        options = {"order": ToolOptions(at_most_once=True, timeout_seconds=8)}
        return run(context, build, "go", name="a", observer=watcher, deadline_margin_seconds=892, tools=options).text

    assert on_engine(body).value == "done"
    assert len(done) == 2
    assert "a/tool-2-order" in [call for call, _ in watcher.deferred]
    assert model.calls == [0, 1, 2]


def test_in_branches_each_call_is_made_once_and_the_map_ends(clock):
    watcher, models = Looking(), {item: ScriptedModel([[tool_use("noop", "1")], item]) for item in "abc"}

    @tool
    def slow() -> str:
        """Slow."""
        clock.work(3)
        return "x"

    for model in models.values():
        model.script[0] = [tool_use("slow", "1")]

    def body(context):
        def branch(inner, item, observer):
            build = lambda: Agent(model=models[item], tools=[slow], callback_handler=None)  # noqa: E731
            margin = 900 - 4
            return run(
                inner, build, "go", name="a", observer=observer, deadline_margin_seconds=margin, usual_seconds=2
            ).text

        return map_agents(context, list("abc"), branch, name="m", observer=watcher)

    outcome = on_engine(body)
    assert outcome.value == ["a", "b", "c"]
    assert [model.calls for model in models.values()] == [[0, 1]] * 3
    assert watcher.deferred


def test_the_remaining_time_does_not_follow_a_clock_that_is_set(monkeypatch, clock):
    wall = [30_000]
    context: Any = SimpleNamespace(get_remaining_time_in_millis=lambda: wall[0], aws_request_id="r")
    within = Invocation(context)
    for jump in (-3600_000, 7200_000):
        wall[0] += jump
        assert within.seconds_left() == 30
    clock.work(10)
    assert within.seconds_left() == 20


def test_a_clock_that_was_set_back_before_it_was_asked_gives_no_more_than_lambda_does(clock):
    context: Any = SimpleNamespace(get_remaining_time_in_millis=lambda: 3_600_000)
    assert Invocation(context).seconds_left() == invocation.LONGEST_SECONDS


def test_a_clock_that_was_set_forward_ends_typed_after_the_attempts_without_a_call_or_a_bill(clock):
    timed = Timed(clock, [1], timeout=-3600)
    outcome = timed.outcome()
    assert (outcome.error_type, outcome.invocations) == ("DeadlineExceeded", 3)
    assert timed.model.calls == []
    assert outcome.error_data["unknown_calls"] == 0


def test_all_contexts_of_an_invocation_share_it():
    class State:
        pass

    state = State()
    contexts = [SimpleNamespace(state=state, lambda_context=None) for _ in range(2)]
    assert invocation_of(contexts[0]) is invocation_of(contexts[1])
    assert invocation_of(SimpleNamespace(state=State(), lambda_context=None)) is not invocation_of(contexts[0])


def test_a_deferral_that_has_not_passed_waits_for_its_rest_only():
    from datetime import UTC, datetime

    from aws_durable_execution_sdk_python.lambda_service import WaitDetails

    from durable_strands.deferral import _seconds_until_end

    end = datetime.now(UTC) + timedelta(seconds=30)
    pending: Any = SimpleNamespace(operation=SimpleNamespace(wait_details=WaitDetails(end)))
    assert 28 <= _seconds_until_end(pending) <= 30
    past: Any = SimpleNamespace(operation=SimpleNamespace(wait_details=WaitDetails(end - timedelta(hours=1))))
    assert _seconds_until_end(past) == 1
