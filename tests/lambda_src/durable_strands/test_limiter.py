"""Tokens a minute: what is sent never exceeds the limit in any minute, in branches, over processes, after throttles."""

from __future__ import annotations

import math

import pytest
from strands import Agent, tool
from strands.types.exceptions import ModelThrottledException

from durable_strands import gate, map_agents, run
from durable_strands.limiter import LOWEST, RAISE, TokenLimiter, weighted
from durable_strands.options import RunOptions
from durable_strands.records import Usage
from durable_strands.retries import retry_transient
from tests.lambda_src.durable_strands.engine import on_engine
from tests.lambda_src.durable_strands.scripted import ScriptedModel, tool_use
from tests.lambda_src.durable_strands.test_deferral import Looking

M = "model"


def began(limiter: TokenLimiter, call: str, reserve: float, limit: float, now: float) -> float:
    return limiter.seconds_until(M, call, reserve=reserve, limit=limit, now=now)


def test_a_call_begins_when_enough_of_the_last_minute_is_a_minute_old():
    limiter = TokenLimiter()
    assert began(limiter, "a", 600, 1000, now=0) == 0
    limiter.settle(M, "a", tokens=600, limit=1000, now=10)
    assert began(limiter, "b", 600, 1000, now=30) == 40
    assert began(limiter, "b", 600, 1000, now=70) == 0


def test_what_has_begun_is_set_aside_until_it_is_known_what_it_took():
    limiter = TokenLimiter()
    assert began(limiter, "a", 600, 1000, now=0) == 0
    assert began(limiter, "b", 600, 1000, now=1) == math.inf
    limiter.settle(M, "a", tokens=100, limit=1000, now=2)
    assert began(limiter, "b", 600, 1000, now=3) == 0


def test_a_call_above_the_limit_begins_in_an_empty_minute():
    limiter = TokenLimiter()
    assert began(limiter, "a", 5000, 1000, now=0) == 0
    limiter.settle(M, "a", tokens=None, limit=1000, now=1)
    assert began(limiter, "b", 5000, 1000, now=2) == 59
    assert began(limiter, "b", 5000, 1000, now=61) == 0


def test_a_throttle_halves_and_successes_raise_it_again():
    limiter = TokenLimiter()
    began(limiter, "a", 10, 8000, now=0)
    limiter.throttled(M, "a", limit=8000, now=0)
    assert began(limiter, "b", 4000, 8000, now=1) == 0
    assert began(limiter, "c", 1, 8000, now=1) == math.inf  # 4,000 is all there is now
    limiter.settle(M, "b", tokens=4000, limit=8000, now=2)
    assert began(limiter, "c", 4000 * RAISE - 4000, 8000, now=3) == 0
    limiter.settle(M, "c", tokens=0, limit=8000, now=4)
    for number in range(20):
        limiter.settle(M, f"d{number}", tokens=0, limit=8000, now=100)
    assert began(limiter, "e", 8000, 8000, now=200) == 0


def test_without_a_number_only_throttles_limit_and_never_below_the_lowest():
    limiter = TokenLimiter()
    assert began(limiter, "a", 10**9, math.inf, now=0) == 0
    limiter.settle(M, "a", tokens=6000, limit=math.inf, now=1)
    began(limiter, "b", 0, math.inf, now=2)
    limiter.throttled(M, "b", limit=math.inf, now=2)
    assert began(limiter, "b", 10, math.inf, now=3) == 58
    for _ in range(20):
        limiter.throttled(M, "b", limit=math.inf, now=3)
    assert began(limiter, "c", LOWEST, math.inf, now=100) == 0


def test_a_call_read_from_a_checkpoint_counts_once_and_by_its_age():
    limiter = TokenLimiter()
    for _ in range(2):
        limiter.remember(M, "a", tokens=900, at=50, now=60)
    assert began(limiter, "b", 200, 1000, now=60) == 50
    limiter.remember(M, "a", tokens=900, at=10, now=60)  # by the engine's clock it is older
    assert began(limiter, "b", 200, 1000, now=60) == 10


def test_the_quota_counts_what_claude_writes_five_times_and_reads_of_the_cache_not_at_all():
    usage = Usage(100, 10, 1000, 7)
    assert weighted(usage, "us.anthropic.claude-sonnet-4-6") == 157
    assert weighted(usage, "amazon.nova-lite-v1:0") == 117


@pytest.mark.parametrize("tokens", [0, -1, True, "fast", math.nan])
def test_fails_when_a_limit_is_no_number_of_tokens(tokens):
    with pytest.raises(ValueError, match=r"tokens_per_minute\['m'\] must be at least 1, or \"learn\", got"):
        RunOptions(retry=retry_transient(), tokens_per_minute={"m": tokens})


@pytest.fixture
def _fresh(monkeypatch):
    monkeypatch.setattr(gate, "limiter", TokenLimiter())


@tool
def noop() -> str:
    """Nothing."""
    return "x"


@pytest.mark.usefixtures("_fresh")
def test_branches_share_the_minute_and_every_call_is_made_once():
    watcher, models = Looking(), {item: ScriptedModel([[tool_use("noop", "1")], item]) for item in "abc"}

    def body(context):
        def branch(inner, item, observer):
            build = lambda: Agent(model=models[item], tools=[noop], callback_handler=None)  # noqa: E731
            limits = {"scripted": 250.0}
            return run(inner, build, "go", name="a", observer=observer, tokens_per_minute=limits).text

        return map_agents(context, list("abc"), branch, name="m", observer=watcher)

    outcome = on_engine(body)
    assert outcome.value == ["a", "b", "c"]
    assert [model.calls for model in models.values()] == [[0, 1]] * 3
    # a call takes 110 tokens, so two fit into a minute: the other four were put off
    assert len({call for call, _ in watcher.deferred}) >= 1
    assert all(1 <= seconds <= 60 for _, seconds in watcher.deferred)
    assert all(record.attempts == 1 for record in watcher.returned)


@pytest.mark.usefixtures("_fresh")
def test_over_processes_the_minute_is_known_from_the_engine(monkeypatch):
    watcher = Looking()
    model = ScriptedModel([[tool_use("noop", f"{turn}")] for turn in range(4)] + ["done"])

    def body(context):
        monkeypatch.setattr(gate, "limiter", TokenLimiter())  # as in a fresh process
        build = lambda: Agent(model=model, tools=[noop], callback_handler=None)  # noqa: E731
        return run(context, build, "go", name="a", observer=watcher, tokens_per_minute={"scripted": 330}).text

    outcome = on_engine(body)
    assert outcome.value == "done"
    assert model.calls == [0, 1, 2, 3, 4]
    # at 110 tokens a call, and a few set aside for the next one, two fit into each minute
    assert [call for call, _ in watcher.deferred][:1] == ["a/model-3"]
    assert all(50 <= seconds <= 60 for _, seconds in watcher.deferred)
    assert len(watcher.deferred) == outcome.invocations - 1 <= 3


@pytest.mark.usefixtures("_fresh")
def test_a_throttle_teaches_and_the_run_ends_well():
    watcher = Looking()
    model = ScriptedModel([[tool_use("noop", "1")], "done"], {1: [ModelThrottledException("wait")]})

    def body(context):
        build = lambda: Agent(model=model, tools=[noop], callback_handler=None)  # noqa: E731
        return run(context, build, "go", name="a", observer=watcher, tokens_per_minute={"scripted": "learn"}).text

    assert on_engine(body).value == "done"
    assert watcher.failed == [("model-2", 1, "ModelThrottled")]
    assert [record.attempts for record in watcher.returned if record.name == "model-2"][-1] == 2
