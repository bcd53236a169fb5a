"""Money: costs, savings, and the end of a budget, on the durable runner."""

import json
from decimal import Decimal
from typing import Any

import pytest
from strands.types.exceptions import ModelThrottledException

from tests.fakes import MODEL_ID, NULL, FakeModel, Reply

EVENT = {"query": "edge computing"}
# one scripted reply (100 tokens in, 50 out) costs 0.0003 + 0.00075 = 0.00105 USD
PRICES = {MODEL_ID: {"input": "3", "output": "15", "as_of": "a table"}}
ONE_CALL = Decimal("0.00105")
THROTTLED = ModelThrottledException("slow down")


@pytest.fixture
def priced(pipeline):
    pipeline.set_environment(MODEL_PRICES=PRICES)
    return pipeline


def test_costs_are_exact_strings_per_call_agent_and_execution(priced):
    usage = priced.result(EVENT)["usage"]
    assert usage["agents"]["research"]["calls"][0]["cost_usd"] == str(ONE_CALL)
    assert {agent["cost_usd"] for agent in usage["agents"].values()} == {str(ONE_CALL)}
    assert (usage["cost_usd"], usage["saved_usd"], usage["prices_as_of"]) == ("0.00315", "0", "a table")
    assert Decimal(usage["estimates"]["total_usd"]) > Decimal(usage["cost_usd"])


@pytest.mark.parametrize(("failures", "saved"), [(1, ONE_CALL * 2), (2, ONE_CALL * 4)])
def test_retries_of_the_third_agent_save_the_first_two_each_time(priced, failures: int, saved: Decimal):
    priced.models["summary"] = FakeModel(*[THROTTLED] * failures, "the summary")
    usage = priced.result(EVENT)["usage"]
    assert priced.invocations == failures + 1
    assert (usage["cost_usd"], Decimal(usage["saved_usd"])) == ("0.00315", saved)
    assert Decimal(usage["agents"]["summary"]["saved_usd"]) == saved


def test_a_resume_after_a_wait_saves_what_had_finished_before_it(priced):
    usage = priced.result({**EVENT, "demo_checkpoint": True})["usage"]
    assert priced.invocations > 1
    assert (usage["cost_usd"], Decimal(usage["saved_usd"])) == ("0.00315", ONE_CALL * 2)


def test_an_invocation_that_dies_between_two_agents_costs_no_call_and_is_counted_as_saved(priced):
    priced.die_before = "summary-agent"
    usage = priced.result(EVENT)["usage"]
    assert priced.invocations == 2
    assert priced.calls == {"research": 1, "analysis": 1, "summary": 1}
    assert (usage["attempts"], Decimal(usage["saved_usd"])) == (3, ONE_CALL * 2)


@pytest.mark.parametrize(
    ("budget", "calls_made"),
    [("0.0005", 1), ("0.00105", 1), ("0.00106", 2), ("0.0021", 2), ("0.00211", 3)],
)
def test_a_budget_stops_before_the_first_call_after_it_is_spent(priced, budget: str, calls_made: int):
    outcome = priced.run({**EVENT, "budget_usd": budget})
    assert sum(priced.calls.values()) == calls_made
    if calls_made == 3:
        assert outcome.error is None
        return
    assert outcome.error.type == "BudgetExceeded"
    assert f"the budget of {budget} USD is used up before" in outcome.error.message
    usage = json.loads(outcome.error.data)["usage"]
    assert (usage["model_calls"], Decimal(usage["cost_usd"])) == (calls_made, ONE_CALL * calls_made)


def test_a_budget_holds_across_suspension_and_replay(priced):
    priced.models["research"] = FakeModel(THROTTLED, "the research")
    priced.models["analysis"] = FakeModel(THROTTLED, THROTTLED, "the analysis")
    error = priced.error({**EVENT, "budget_usd": "0.0021", "demo_checkpoint": True})
    assert priced.invocations > 3
    assert error.type == "BudgetExceeded"
    assert priced.calls == {"research": 2, "analysis": 3, "summary": 0}
    assert json.loads(error.data)["usage"]["cost_usd"] == "0.0021"


def test_the_failure_is_the_same_when_the_execution_is_replayed(priced):
    error = priced.error({**EVENT, "budget_usd": "0.0021"})
    replayed = priced.replay()["Error"]
    assert replayed == {"ErrorType": error.type, "ErrorMessage": error.message, "ErrorData": error.data}


def test_the_deployments_ceiling_counts_when_it_is_smaller(priced):
    priced.set_environment(BUDGET_CEILING_USD="0.001")
    assert "the budget of 0.001 USD" in priced.error({**EVENT, "budget_usd": 5}).message
    assert priced.calls == {"research": 1, "analysis": 0, "summary": 0}


@pytest.mark.parametrize("where", ["event", "deployment"])
def test_a_budget_that_could_not_be_kept_is_refused_before_any_call(pipeline, where: str):
    if where == "deployment":
        pipeline.set_environment(BUDGET_CEILING_USD="1")
    error = pipeline.error({**EVENT, "budget_usd": 1} if where == "event" else EVENT)
    assert error.type == "UnpricedModel"
    assert MODEL_ID in error.message
    assert pipeline.calls == {"research": 0, "analysis": 0, "summary": 0}


UNKNOWN: dict[str, Any] = {
    "no metadata event": None,
    "usage null": NULL,
    "usage empty": {},
    "no output tokens": {"inputTokens": 100},
    "null input tokens": {"inputTokens": None, "outputTokens": 50},
    "negative": {"inputTokens": -300_000, "outputTokens": 50},
    "a negative cache": {"inputTokens": 100, "outputTokens": 50, "cacheReadInputTokens": -1},
    "no whole number": {"inputTokens": 1.5, "outputTokens": 50},
    "a text": {"inputTokens": "100", "outputTokens": 50},
    "a truth value": {"inputTokens": True, "outputTokens": 50},
    "more than there is": {"inputTokens": 10**12, "outputTokens": 50},
    "all zero": {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0},
    "a list": [100, 50],
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_reply_that_does_not_tell_its_tokens_costs_an_unknown_amount_and_never_nothing(
    priced, case: str, capfd: pytest.CaptureFixture[str]
):
    # a logger of this test's own: Powertools keeps the stdout that it first met
    priced.set_environment(POWERTOOLS_SERVICE_NAME=case)
    priced.models["analysis"] = FakeModel(Reply("the analysis", usage=UNKNOWN[case]))
    usage = priced.result(EVENT)["usage"]
    analysis = usage["agents"]["analysis"]
    assert (usage["cost_usd"], analysis["cost_usd"], analysis["calls"][0]["cost_usd"]) == (None, None, None)
    assert (analysis["calls"][0]["input_tokens"], analysis["calls"][0]["cache_read_tokens"]) == (None, None)
    assert (usage["unknown_calls"], analysis["unknown_calls"], usage["agents"]["summary"]["unknown_calls"]) == (1, 1, 0)
    assert (usage["model_calls"], usage["input_tokens"], usage["output_tokens"]) == (3, 200, 100), "sums of the known"
    assert usage["agents"]["research"]["cost_usd"] == str(ONE_CALL)
    assert usage["estimates"]["total_usd"] is None
    assert capfd.readouterr().out.count('"UsageUnknown":[1.0]') == 1


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_budget_stops_before_the_call_after_one_of_unknown_cost(priced, case: str):
    priced.models["research"] = FakeModel(Reply("the research", usage=UNKNOWN[case]))
    error = priced.error({**EVENT, "budget_usd": 100})
    assert error.type == "BudgetExceeded"
    assert "spent an unknown amount" in error.message
    assert priced.calls == {"research": 1, "analysis": 0, "summary": 0}
    usage = json.loads(error.data)["usage"]
    assert (usage["model_calls"], usage["unknown_calls"], usage["cost_usd"]) == (1, 1, None)


def test_a_failure_after_a_reply_of_unknown_cost_says_so_on_every_replay(priced):
    priced.models["research"] = FakeModel(Reply("half a", stop_reason="max_tokens", usage={}))
    error = priced.error(EVENT)
    usage = json.loads(error.data)["usage"]
    assert (usage["unknown_calls"], usage["cost_usd"]) == (1, None)
    assert priced.replay()["Error"]["ErrorData"] == error.data


def test_a_reply_too_large_to_keep_may_be_of_unknown_cost_too(priced):
    priced.models["analysis"] = FakeModel(Reply("x" * 262_000, usage={}))
    usage = json.loads(priced.error(EVENT).data)["usage"]
    assert (usage["unknown_calls"], usage["cost_usd"], usage["input_tokens"]) == (1, None, 100)
    assert usage["agents"]["analysis"]["cost_usd"] is None


def test_a_guardrail_that_stops_unread_input_costs_nothing(priced):
    blocked = Reply("blocked", stop_reason="guardrail_intervened", usage=UNKNOWN["all zero"])
    priced.models["analysis"] = FakeModel(blocked)
    usage = json.loads(priced.error(EVENT).data)["usage"]
    assert (usage["unknown_calls"], usage["cost_usd"]) == (0, str(ONE_CALL))
