"""budget.py: what an execution may cost."""

from decimal import Decimal
from pathlib import Path

import pytest

from agent_workflow.agents import read_agents
from agent_workflow.budget import BudgetExceeded, check_prices, check_spent, smaller_budget
from agent_workflow.errors import UnpricedModel
from agent_workflow.ledger import Ledger
from agent_workflow.prices import ModelPrice
from durable_strands.errors import AgentFailed, rebuild
from durable_strands.records import CallRecord, Usage
from tests.fakes import MODEL_ID

PRICES = {MODEL_ID: ModelPrice.model_validate({"input": "1", "output": "1"})}
ONE_USD = CallRecord("research-agent", "model-1", "model", MODEL_ID, Usage(1_000_000))


@pytest.mark.parametrize(
    ("asked", "ceiling", "counts"),
    [(None, None, None), ("2", None, "2"), (None, "3", "3"), ("2", "3", "2"), ("4", "3", "3")],
)
def test_the_smaller_budget_counts(asked: str | None, ceiling: str | None, counts: str | None):
    amounts = [None if amount is None else Decimal(amount) for amount in (asked, ceiling, counts)]
    assert smaller_budget(amounts[0], amounts[1]) == amounts[2]


@pytest.mark.parametrize(("budget", "refused"), [("0.99", True), ("1", True), ("1.01", False)])
def test_a_call_is_refused_once_the_budget_is_spent(budget: str, refused: bool):
    ledger = Ledger(PRICES, [ONE_USD])
    if refused:
        with pytest.raises(BudgetExceeded, match="used up before analysis-agent/model-1, spent 1"):
            check_spent(Decimal(budget), ledger, "analysis-agent", "model-1")
    else:
        check_spent(Decimal(budget), ledger, "analysis-agent", "model-1")


def test_without_a_budget_anything_may_be_spent():
    check_spent(None, Ledger({}, [ONE_USD]), "analysis-agent", "model-1")


def test_an_unknown_amount_ends_a_run_with_a_budget():
    with pytest.raises(BudgetExceeded, match="spent an unknown amount"):
        check_spent(Decimal(9), Ledger({}, [ONE_USD]), "analysis-agent", "model-1")


def test_a_budget_needs_a_price_for_every_model(three_agents: Path):
    agents = read_agents(three_agents)
    with pytest.raises(UnpricedModel, match=f"got none for '{MODEL_ID}' of agent research"):
        check_prices(agents, Ledger({}), bounded=True)
    check_prices(agents, Ledger(PRICES), bounded=True)
    check_prices(agents, Ledger({}), bounded=False)


def test_the_failure_survives_a_checkpoint_with_its_calls_and_is_not_retried():
    with pytest.raises(BudgetExceeded) as raised:
        check_spent(Decimal(1), Ledger(PRICES, [ONE_USD]), "research-agent", "model-2")
    read_back = rebuild(raised.value.after((ONE_USD,)))
    assert isinstance(read_back, BudgetExceeded)
    assert (read_back.error_type, read_back.message) == ("BudgetExceeded", raised.value.message)
    assert read_back.calls == (ONE_USD,)
    assert isinstance(read_back, AgentFailed)
    assert not read_back.retryable
