"""Holds every try of a model call to the budget windows: reserved before it is sent, settled after it has ended."""

import time
from collections.abc import Mapping

from agent_workflow.budget import BudgetUnavailable
from agent_workflow.budget_table import BudgetTable, Reservation, name_of
from agent_workflow.budget_windows import Budgets, most_usd, units, windows
from agent_workflow.prices import ModelPrice
from agent_workflow.refusals import shown
from durable_strands.attempts import Attempt
from durable_strands.errors import AgentFailed
from durable_strands.records import Usage


class Spending:
    """What one pass of one execution has reserved and not settled yet. Used inside steps only."""

    def __init__(self, budgets: Budgets, tenant: str | None, prices: Mapping[str, ModelPrice]) -> None:
        self._budgets = budgets
        self._tenant = tenant
        self._prices = prices
        self._table = BudgetTable(budgets.table)
        self._held: dict[tuple[str, int], list[Reservation]] = {}

    def reserve(self, attempt: Attempt) -> None:
        """Count the most that the try may cost, in every window or in none.

        Raises:
            BudgetExceeded: a window has no room for it.
            BudgetThrottled: the table is busy.
            BudgetUnavailable: the table cannot be used, or the model has no price.
        """
        price = self._prices.get(attempt.model_id or "")
        if price is None:
            raise BudgetUnavailable(f"budget windows need a price for every model, got none for {_model(attempt)}")
        amount = units(most_usd(price, attempt.request_bytes(), attempt.max_tokens))
        name, now = name_of(attempt.operation), time.time()
        held: list[Reservation] = []
        for month in windows(self._budgets, self._tenant, now):
            asked = Reservation(month, name, attempt.number, amount)
            try:
                self._table.reserve(asked, now)
            except AgentFailed:
                self._settled(held, 0)
                raise
            held.append(asked)
        self._held[attempt.operation, attempt.number] = held

    def settle(self, attempt: Attempt, usage: Usage | None) -> None:
        """Count what the try cost in the place of what it might have; if nobody knows, the most stays counted.

        Raises:
            AgentFailed: the table could not be told; the reservation stays counted.
        """
        held = self._held.pop((attempt.operation, attempt.number), [])
        price = self._prices.get(attempt.model_id or "")
        cost = price.cost(usage) if price is not None and usage is not None else None
        failure = self._settled(held, None if cost is None else units(cost))
        if failure is not None:
            raise failure

    def _settled(self, held: list[Reservation], cost: int | None) -> AgentFailed | None:
        """Settle each of them, whatever happens to the others; the last failure."""
        failure = None
        for reserved in held:
            try:
                self._table.settle(reserved, cost)
            except AgentFailed as failed:
                failure = failed
        return failure


def _model(attempt: Attempt) -> str:
    return shown(attempt.model_id) if attempt.model_id else "one without an id"
