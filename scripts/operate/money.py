"""What an execution's model calls cost: its own ledger where it has ended, else its calls at list prices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from agent_workflow.prices import ModelPrice
from durable_strands.records import Usage
from scripts.console.list_prices import bedrock_prices
from scripts.operate.history import History, Operation, calls

AGENT = "-agent"


@dataclass(frozen=True)
class Spent:
    """Tokens and USD of some calls.

    usage: known tokens.
    usd: None where a price or the tokens of a call are unknown.
    exact: whether it is the execution's own ledger; else calls so far at list prices.
    """

    usage: Usage
    usd: Decimal | None
    exact: bool = False

    def __add__(self, other: Spent) -> Spent:
        usd = None if self.usd is None or other.usd is None else self.usd + other.usd
        return Spent(self.usage + other.usage, usd, self.exact and other.exact)


def of_operation(operation: Operation) -> Spent | None:
    """Of the model calls in an operation, at list prices; None without a call."""
    found = [_call(call) for _, call in calls([operation])]
    return _sum(found) if found else None


def by_agent(details: Mapping[str, Any], history: History) -> dict[str, Spent]:
    """Agent -> what it cost."""
    found: dict[str, Spent] = {}
    for path, call in calls(history.roots):
        operation = next((part for part in reversed(path.split("/")) if AGENT in part), path)
        found.setdefault(operation.replace(AGENT, ""), Spent(Usage(), Decimal(0)))
        found[operation.replace(AGENT, "")] += _call(call)
    agents = (ledger(details) or {}).get("agents") or {}
    own = {name: _entry(entry) for name, entry in agents.items()}
    return found | {name: spent for name, spent in own.items() if spent.usd is not None or name not in found}


def total(details: Mapping[str, Any], history: History) -> Spent:
    """Of the whole execution."""
    usage = ledger(details)
    if usage is not None and usage.get("cost_usd") is not None:
        return _entry(usage)
    of_calls = _sum([_call(call) for _, call in calls(history.roots)])
    return of_calls if usage is None else Spent(_entry(usage).usage, of_calls.usd)


def ledger(details: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The usage document of an execution that has ended, with a result or with an error."""
    for text in (details.get("Result"), (details.get("Error") or {}).get("ErrorData")):
        try:
            document = json.loads(text or "null")
        except ValueError:
            continue
        if isinstance(document, dict) and isinstance(document.get("usage"), dict):
            return dict(document["usage"])
    return None


def dollars(amount: Decimal | None) -> str:
    """`$0.0132`; a question mark where it is unknown."""
    return "$?" if amount is None else f"${amount:.4f}"


def _entry(entry: Mapping[str, Any]) -> Spent:
    kinds = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
    cost = entry.get("cost_usd")
    return Spent(
        Usage(*(int(entry.get(kind) or 0) for kind in kinds)), None if cost is None else Decimal(cost), exact=True
    )


def _call(call: Operation) -> Spent:
    if call.taken:
        return Spent(call.usage or Usage(), Decimal(0))
    price = price_of(call.model_id or "")
    known = price is not None and call.usage is not None
    return Spent(call.usage or Usage(), price.cost(call.usage) if known and price and call.usage else None)


def _sum(found: list[Spent]) -> Spent:
    return sum(found, Spent(Usage(), Decimal(0)))


@cache
def price_of(model_id: str) -> ModelPrice | None:
    """The list price of a model; None if there is none."""
    found = bedrock_prices([model_id]).get(model_id)
    return ModelPrice.model_validate(found) if found else None
