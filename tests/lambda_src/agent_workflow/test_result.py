"""result.py: what the caller gets back."""

from decimal import Decimal
from pathlib import Path

import pytest

from agent_workflow.agents import AgentSpec, read_agents
from agent_workflow.estimates import Estimates
from agent_workflow.ledger import Ledger
from agent_workflow.prices import ModelPrice
from agent_workflow.request import parse_request
from agent_workflow.result import completed, usage_document, usd
from durable_strands.records import CallRecord, Usage
from tests.fakes import MODEL_ID

NOTHING = Estimates(0, 0, Decimal(0))
PRICE = ModelPrice.model_validate({"input": "3", "output": "15", "as_of": "2026-11-22 genai-prices 0.2.3"})


@pytest.fixture
def agents(three_agents: Path) -> tuple[AgentSpec, ...]:
    return read_agents(three_agents)


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0", "0"), ("0.001050", "0.00105"), ("100", "100"), ("1E-7", "0.0000001"), ("1.10", "1.1"), ("1E+2", "100")],
)
def test_amounts_are_plain_decimal_strings(amount: str, text: str):
    assert usd(Decimal(amount)) == text


def test_an_unknown_amount_is_null():
    assert usd(None) is None


def test_the_flows_texts_stand_between_the_query_and_the_usage_and_are_whole():
    long_text = "word " * 50_000
    texts = {"research": long_text, "analysis": "a", "report": "s"}
    result = completed(parse_request({"query": "q"}), texts, {})
    assert list(result) == ["status", "query", "research", "analysis", "report", "usage"]
    assert (result["status"], result["research"], result["report"]) == ("completed", long_text, "s")


def test_calls_that_returned_are_counted_apart_from_tries_and_tools(agents: tuple[AgentSpec, ...]):
    ledger = Ledger(
        {MODEL_ID: PRICE},
        [
            CallRecord("research-agent", "model-1", "model", MODEL_ID, Usage(10, 1), 5, 3, "tool_use"),
            CallRecord("research-agent", "tool-1-search", "tool", None, Usage(), 7, 2, "success"),
            CallRecord("research-agent", "model-2", "model", MODEL_ID, Usage(20, 2), 5, 1, "end_turn"),
        ],
    )
    usage = usage_document(agents, ledger, NOTHING)
    research = usage["agents"]["research"]
    assert list(usage["agents"]) == ["research"]
    assert (research["model_calls"], research["attempts"], research["tool_calls"]) == (2, 4, 1)
    assert (research["input_tokens"], research["output_tokens"], research["latency_ms"]) == (30, 3, 17)
    assert [(call["name"], call["cost_usd"]) for call in research["calls"]] == [
        ("model-1", "0.000045"),
        ("tool-1-search", "0"),
        ("model-2", "0.00009"),
    ]
    assert (usage["cost_usd"], research["cost_usd"], usage["prices_as_of"]) == ("0.000135", "0.000135", PRICE.as_of)
    assert usage["saved_usd"] == "0.000045"


def test_every_run_of_an_agent_has_an_entry_of_its_own_and_none_of_an_agent_of_a_longer_name(
    agents: tuple[AgentSpec, ...],
):
    names = ("research-agent", "research-agent-2", "research-agent-12", "research-agent-x-agent")
    ledger = Ledger({}, [CallRecord(name, "model-1", "model", MODEL_ID, Usage(1, 1)) for name in names])
    assert list(usage_document(agents, ledger, NOTHING)["agents"]) == ["research", "research-2", "research-12"]


def test_tokens_of_a_failed_call_count_as_tokens_and_money_but_not_as_a_call(agents: tuple[AgentSpec, ...]):
    ledger = Ledger({MODEL_ID: PRICE})
    ledger.add_failure("research-agent", MODEL_ID, Usage(10, 1))
    usage = usage_document(agents, ledger, NOTHING)
    assert (usage["model_calls"], usage["attempts"], usage["input_tokens"]) == (0, 0, 10)
    assert usage["cost_usd"] == "0.000045"


def test_one_unpriced_model_makes_the_sum_null_but_not_the_other_agents(agents: tuple[AgentSpec, ...]):
    ledger = Ledger(
        {MODEL_ID: PRICE},
        [
            CallRecord("research-agent", "model-1", "model", MODEL_ID, Usage(10, 1)),
            CallRecord("analysis-agent", "model-1", "model", "another", Usage(10, 1)),
        ],
    )
    usage = usage_document(agents, ledger, NOTHING)
    assert usage["agents"]["research"]["cost_usd"] == "0.000045"
    assert usage["agents"]["analysis"]["cost_usd"] is None
    assert (usage["cost_usd"], usage["estimates"]["total_usd"]) == (None, None)
