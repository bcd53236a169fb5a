"""Faults of the bucket, injected on the wire: they cost time, never a paid reply, and end typed with the usage."""

import json

import pytest

from agent_workflow import large_results, returned
from tests.fakes import MODEL_ID, FakeModel
from tests.lambda_src.agent_workflow.faulty_store import faulty_store

LONG = "word " * 60_000
EVENT = {"query": "tides", "demo_checkpoint": True}
PRICES = {MODEL_ID: {"input": "3", "output": "15", "cache_read": "0.3", "cache_write": "3.75"}}
ONCE = {"research": 1, "analysis": 1, "summary": 1}


class Saboteur(FakeModel):
    """Breaks the bucket when it is called: research is stored and read back by then, so the next read is a replay's."""

    def __init__(self, store, faults):
        super().__init__("the analysis")
        self._store, self._faults = store, list(faults)

    async def stream(self, *arguments, **named):
        self._store.faults["GET"] = self._faults
        async for event in super().stream(*arguments, **named):
            yield event


@pytest.fixture
def store(pipeline, monkeypatch):
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with faulty_store() as (faulty, url):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
        pipeline.set_environment(LARGE_RESULTS_BUCKET="large")
        pipeline.models["research"] = FakeModel(LONG)
        large_results._lost_reads.clear()
        yield faulty


@pytest.mark.parametrize("faults", [[503] * 5, ["reset"], [503, "reset", 503]])
def test_a_bucket_that_refuses_a_paid_reply_for_a_while_costs_time_only(pipeline, store, faults):
    store.faults["PUT"] = faults
    assert pipeline.result(EVENT)["research"] == LONG.strip()
    assert pipeline.calls == ONCE


@pytest.mark.parametrize("faults", [[503] * 8, ["cut"], ["reset"] * 8])
def test_a_reply_that_cannot_be_read_back_at_once_is_not_bought_again(pipeline, store, faults):
    store.faults["GET"] = faults
    assert pipeline.result(EVENT)["research"] == LONG.strip()
    assert pipeline.calls == ONCE


@pytest.mark.parametrize("faults", [["cut"], [503] * 8, ["reset"] * 8])
def test_a_result_that_cannot_be_read_at_replay_is_read_by_the_next_invocation(pipeline, store, faults):
    pipeline.models["analysis"] = Saboteur(store, faults)
    assert pipeline.result(EVENT)["research"] == LONG.strip()
    assert pipeline.calls == ONCE
    assert pipeline.invocations == 3, "one before the wait, one that could not read, one that could"


def test_a_result_that_can_never_be_read_again_ends_typed_with_what_was_paid(pipeline, store):
    pipeline.set_environment(MODEL_PRICES=PRICES)
    pipeline.models["analysis"] = Saboteur(store, ["cut"] * 1000)
    error = pipeline.error(EVENT)
    assert error.type == "ResultNotKept"
    assert json.loads(error.data)["usage"]["agents"]["research"]["input_tokens"] == 100
    assert pipeline.calls == {"research": 1, "analysis": 1, "summary": 0}


@pytest.mark.parametrize("fault", [503, 403, "reset"])
def test_a_bucket_that_never_takes_a_reply_ends_typed_with_what_was_paid(pipeline, store, fault):
    store.faults["PUT"] = [fault] * 1000
    error = pipeline.error(EVENT)
    assert error.type == "ResultNotKept"
    assert json.loads(error.data)["usage"]["input_tokens"] == 100
    assert pipeline.calls == {"research": 1, "analysis": 0, "summary": 0}


@pytest.fixture
def result_is_large(monkeypatch):
    monkeypatch.setattr(returned, "too_large", lambda *_: True)


def test_a_bucket_that_refuses_the_result_longer_than_its_client_asks_is_asked_again(pipeline, store, result_is_large):
    pipeline.models["research"] = FakeModel("short")
    store.faults["PUT"] = [503] * 20
    result = pipeline.result(EVENT)
    assert result["stored"]["bucket"] == "large"
    assert store.asked == ["PUT"] * 21, "8 in the first try of the step, 8 in the second, 5 in the third"
    assert pipeline.calls == ONCE


def test_a_bucket_that_never_takes_the_result_is_given_up_after_six_tries_of_the_step(pipeline, store, result_is_large):
    pipeline.models["research"] = FakeModel("short")
    store.faults["PUT"] = [503] * 1000
    error = pipeline.error(EVENT)
    assert (error.type, len(store.asked)) == ("ResultNotKept", 6 * 8)
    assert json.loads(error.data)["usage"]["model_calls"] == 3
    assert pipeline.calls == ONCE


def test_a_result_lost_at_a_replay_does_not_hide_what_later_agents_cost(pipeline, store):
    pipeline.set_environment(MODEL_PRICES=PRICES)
    pipeline.models["analysis"] = Saboteur(store, [403] * 1000)
    error = pipeline.error(EVENT)
    usage = json.loads(error.data)["usage"]
    assert (error.type, usage["cost_usd"]) == ("ResultNotKept", None)
    assert usage["agents"]["research"]["cost_usd"] == "0.00105"
