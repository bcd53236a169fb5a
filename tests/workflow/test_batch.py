"""A batch: each query an execution of its own, one result, exact sums, no query sunk by another."""

import json
import threading
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from agent_workflow import batch_usage
from agent_workflow.batch_request import Batch, OneOfBatch, parse_event
from agent_workflow.errors import InvalidRequest
from agent_workflow.large_results import CHAINED_LIMIT_BYTES
from durable_strands.errors import ModelAccessDenied
from tests.fakes import FROM_MEMORY, MODEL_ID, FakeModel, Reply

PRICES = {MODEL_ID: {"input": "3", "output": "15"}}
QUERIES = ["edge hardware", "Ökonomie", "security"]
EVENT = {"queries": [{"query": query} for query in QUERIES]}


class PerQuery(FakeModel):
    """Answers each query with a text of its own; what `failing` names fails every time."""

    def __init__(self, *failing: str, text: str = "") -> None:
        super().__init__("x")
        self.asked: Counter[str] = Counter()
        self.failing, self.text = failing, text
        self._counting = threading.Lock()

    async def stream(self, messages: Any, *arguments: Any, **named: Any) -> Any:
        prompt = messages[-1]["content"][0]["text"]
        query = next(query for query in QUERIES if f"\n{query}\n" in prompt)
        with self._counting:
            self.asked[query] += 1
        if query in self.failing:
            raise ModelAccessDenied("no")
        for event in Reply(self.text or f"about {query}").events(1):
            yield event


@pytest.fixture
def batch(packaged: Any) -> Any:
    packaged.set_environment(MODEL_PRICES=PRICES)
    packaged.models["research"] = PerQuery()
    return packaged


def test_each_query_is_an_execution_of_its_own_and_the_sums_are_exact(batch):
    result = batch.result(EVENT)
    assert list(result) == ["status", "queries", "usage"]
    assert result["status"] == "completed"
    assert [(each["query"], each["status"], each["report"]) for each in result["queries"]] == [
        (query, "completed", f"the summary{FROM_MEMORY}") for query in QUERIES
    ]
    # the texts on the way stay in the results of the executions themselves
    assert not {"research", "analysis"} & {name for each in result["queries"] for name in each}
    assert [each["operation"] for each in result["queries"]] == [
        "query-1-edge-hardware",
        "query-2-konomie",
        "query-3-security",
    ]
    assert batch.names == ["queries", *(each["operation"] for each in result["queries"])]
    assert batch.models["research"].asked == dict.fromkeys(QUERIES, 1)
    usage = result["usage"]
    assert (usage["model_calls"], usage["agents"]["research"]["model_calls"], usage["unknown_queries"]) == (9, 3, 0)
    assert Decimal(usage["cost_usd"]) == sum(Decimal(each["usage"]["cost_usd"]) for each in result["queries"])
    assert Decimal(usage["cost_usd"]) == 9 * Decimal("0.00105")
    own = len(batch.operations)
    children = sum(each["usage"]["estimates"]["durable_operations"] for each in result["queries"])
    assert usage["estimates"]["durable_operations"] == own + children
    assert "calls" not in usage["agents"]["research"]
    assert json.loads(batch.replay()["Result"]) == result


def test_one_failed_query_does_not_sink_the_others(batch):
    batch.models["research"] = PerQuery("Ökonomie")
    result = batch.result(EVENT)
    assert (result["status"], [each["status"] for each in result["queries"]]) == (
        "partial",
        ["completed", "failed", "completed"],
    )
    failed = result["queries"][1]
    assert (failed["query"], failed["error_type"], failed["usage"]["model_calls"]) == (
        "Ökonomie",
        "ModelAccessDenied",
        0,
    )
    assert (result["usage"]["model_calls"], result["usage"]["cost_usd"]) == (6, "0.0063")


def test_what_a_failed_query_had_paid_is_in_the_sums(batch):
    batch.models["analysis"] = FakeModel("an analysis", ModelAccessDenied("no"), "an analysis")
    batch.set_environment(MODEL_PRICES=PRICES, MAX_PARALLEL_BRANCHES="1")
    result = batch.result(EVENT)
    assert [each["status"] for each in result["queries"]] == ["completed", "failed", "completed"]
    assert result["queries"][1]["usage"]["model_calls"] == 1
    assert (result["usage"]["model_calls"], result["usage"]["cost_usd"]) == (7, "0.00735")


def test_a_batch_without_a_single_result_is_a_typed_failure_with_each_ones_own(batch):
    batch.models["research"] = PerQuery(*QUERIES)
    error = batch.error(EVENT)
    data = json.loads(error.data)
    assert error.type == "BatchFailed"
    assert error.message == "all 3 queries failed, the first with ModelAccessDenied"
    assert [each["error_type"] for each in data["queries"]] == ["ModelAccessDenied"] * 3
    assert data["usage"]["model_calls"] == 0


def test_a_result_that_no_chained_invoke_takes_fails_alone(batch, monkeypatch):
    batch.models["research"] = PerQuery(text="w" * 200_000)
    batch.models["analysis"] = FakeModel("small")
    monkeypatch.setattr("agent_workflow.execution.CHAINED_LIMIT_BYTES", 150_000)
    error = batch.error(EVENT)
    assert json.loads(error.data)["queries"][0]["error_type"] == "ResultTooLarge"
    assert json.loads(error.data)["usage"]["model_calls"] == 9


def test_side_by_side_run_as_many_as_the_deployment_allows(batch):
    batch.set_environment(MAX_PARALLEL_BRANCHES="1")
    result = batch.result(EVENT)
    assert result["status"] == "completed"
    started = sorted(op.start_timestamp for op in batch.operations if (op.name or "").startswith("query-"))
    ended = sorted(op.end_timestamp for op in batch.operations if (op.name or "").startswith("query-"))
    assert all(end <= start for end, start in zip(ended, started[1:], strict=False))


def test_a_batchs_budget_is_shared_by_the_queries_without_one():
    asked = parse_event(
        {
            "queries": [{"query": "a"}, {"query": "b", "budget_usd": "0.4"}, {"query": "c"}, {"query": "d"}],
            "budget_usd": 1,
        }
    )
    assert isinstance(asked, Batch)
    shares = [query.payload("p")["batch_query"]["request"]["budget_usd"] for query in asked.queries]
    assert shares == ["0.200000000000", "0.4", "0.200000000000", "0.200000000000"]


def test_a_batchs_budget_ends_each_query_at_its_share(batch):
    error = batch.error({**EVENT, "budget_usd": "0.003"})
    assert {each["error_type"] for each in json.loads(error.data)["queries"]} == {"BudgetExceeded"}
    assert json.loads(error.data)["usage"]["model_calls"] == 3


REFUSED = [
    ({"queries": []}, "queries must be a list of 2 to 50 requests, got a list of 0 values"),
    ({"queries": [{"query": "a"}]}, "queries must be a list of 2 to 50 requests, got a list of 1 values"),
    ({"queries": [{"query": "a"}] * 51}, "queries must be a list of 2 to 50 requests, got a list of 51 values"),
    ({"queries": "ab"}, "queries must be a list of 2 to 50 requests, got a string of length 2"),
    ({"queries": None}, "queries must be a list of 2 to 50 requests, got null"),
    (
        {"queries": [{"query": "a"}, "b"]},
        "queries[1] must be a JSON object like {'query': '...'}, got a string of length 1",
    ),
    ({"queries": [{"query": "a"}, {"query": " "}]}, "queries[1]: query: string should have at least 1 character"),
    ({"queries": [{"query": "a"}, {}]}, "queries[1]: query is required"),
    ({"queries": [{"query": "a"}, {"queries": EVENT["queries"]}]}, "queries[1] must hold no queries of its own"),
    ({**EVENT, "query": "a"}, "queries must stand alone or with budget_usd, got 'query'"),
    ({**EVENT, "review": True}, "queries must stand alone or with budget_usd, got 'review'"),
    ({**EVENT, "topics": "auto"}, "queries must stand alone or with budget_usd, got 'topics'"),
    ({**EVENT, "what is it?": 1}, "queries must stand alone or with budget_usd, got whose name has 11 characters"),
    ({**EVENT, "budget_usd": 0}, "budget_usd: must be a number, or a string of one, over 0 and at most 10000, got 0"),
    (
        {"queries": [{"query": "a", "budget_usd": 1}, {"query": "b"}], "budget_usd": 1},
        "budget_usd must be more than the budgets of its queries together, so that the others have a share",
    ),
    ({"batch_query": {"batch": "b", "operation": "o", "request": EVENT}}, "query is required"),
    ({"batch_query": {"batch": "b"}}, "batch_query: operation is required"),
    ({"batch_query": "x"}, "batch_query: "),
]


@pytest.mark.parametrize(("event", "message"), REFUSED)
def test_fails_when_a_batch_breaks_a_rule(event: Any, message: str):
    with pytest.raises(InvalidRequest) as refused:
        parse_event(event)
    assert str(refused.value).startswith(message)


def test_a_refused_batch_starts_nothing(batch):
    error = batch.error({**EVENT, "review": True})
    assert (error.type, batch.calls["analysis"], batch.names) == ("InvalidRequest", 0, [])


def test_an_execution_of_a_batch_knows_whose_it_is_and_asks_the_same():
    asked = parse_event(EVENT)
    assert isinstance(asked, Batch)
    child = parse_event(json.loads(json.dumps(asked.queries[1].payload("nightly"))))
    assert isinstance(child, OneOfBatch)
    assert (child.request, child.batch, child.operation) == (asked.queries[1].request, "nightly", "query-2-konomie")


def test_an_unknown_cost_makes_the_sum_unknown_and_leaves_the_counts():
    sums = batch_usage.added(
        [
            {"model_calls": 1, "cost_usd": "0.1", "agents": {"a": {"model_id": "m", "model_calls": 1, "calls": [1]}}},
            {"model_calls": 2, "cost_usd": None, "agents": {"a": {"model_id": "m", "model_calls": 2}, "b": {}}},
        ]
    )
    assert sums == {"model_calls": 3, "cost_usd": None, "agents": {"a": {"model_id": "m", "model_calls": 3}, "b": {}}}
    assert batch_usage.unknown({"model_calls": 3, "cost_usd": "1", "estimates": {"total_usd": "2", "x": 1}}) == {
        "model_calls": 3, "cost_usd": None, "estimates": {"total_usd": None, "x": 1},
    }  # fmt: skip


def test_a_large_result_is_stored_before_the_service_would_refuse_it():
    assert CHAINED_LIMIT_BYTES < 1_048_576
