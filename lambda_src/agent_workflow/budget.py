"""What an execution may cost, and the end of it when that is spent."""

from collections.abc import Iterable
from decimal import Decimal

from agent_workflow.agents import AgentSpec
from agent_workflow.errors import UnpricedModel
from agent_workflow.ledger import Ledger
from agent_workflow.refusals import shown
from durable_strands.errors import AgentFailed


class BudgetExceeded(AgentFailed):
    """The calls so far cost as much as the budget of the execution, or of a day or month, allows: no call was made."""


class BudgetThrottled(AgentFailed):
    """The table of budgets is busy or cannot be reached, so the model call was not made."""

    retryable = True


class BudgetUnavailable(AgentFailed):
    """The table of budgets is missing or may not be used, or a model has no price, so the model call was not made."""


def smaller_budget(asked: Decimal | None, ceiling: Decimal | None) -> Decimal | None:
    """The budget that counts: the smaller of the event's and the deployment's; None if neither is set."""
    return min((amount for amount in (asked, ceiling) if amount is not None), default=None)


def check_prices(agents: Iterable[AgentSpec], ledger: Ledger, *, bounded: bool) -> None:
    """Refuse, before any call, a budget that could not be kept.

    Args:
        agents: of the deployment.
        ledger: has the prices.
        bounded: whether a budget applies, of the execution or of a window.

    Raises:
        UnpricedModel: a budget applies and the model of an agent has no price.
    """
    for agent in agents:
        if bounded and agent.billed_as not in ledger.prices:
            raise UnpricedModel(
                f"a budget needs a price for every model, got none for {shown(agent.billed_as)} of agent {agent.name}",
            )


def check_spent(budget: Decimal | None, ledger: Ledger, agent: str, call: str) -> None:
    """Refuse the next model call once the budget is spent.

    A budget can be overrun by the cost of one call at most, since a call's cost is known only afterwards.

    Raises:
        BudgetExceeded: the calls so far cost the budget or more, or an unknown amount.
    """
    if budget is None:
        return
    spent = ledger.spent()
    if spent is None or spent >= budget:
        amount = "an unknown amount" if spent is None else f"{spent:f} USD"
        message = f"the budget of {budget:f} USD is used up before {agent}/{call}, spent {amount}"
        raise BudgetExceeded(message)
