"""Money: costs, savings, and the end of a budget, on the durable runner."""

import json
from decimal import Decimal

import pytest
from strands.types.exceptions import ModelThrottledException

from tests.fakes import MODEL_ID, FakeModel

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
