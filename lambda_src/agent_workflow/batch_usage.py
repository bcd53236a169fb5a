"""What a batch cost: the usage documents of its executions added up, exactly, nothing unknown counted as nothing."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from agent_workflow.ledger import total
from agent_workflow.result import Document, usd

_AMOUNTS = ("_usd", "_gb_seconds")
"""Ends of the names of amounts, which are decimal texts, or null where they are unknown."""


def added(usages: Sequence[Mapping[str, Any]]) -> Document:
    """One usage document for several: counts and amounts summed, agents by name, calls left out."""
    names = dict.fromkeys(name for usage in usages for name in usage if name != "calls")
    return {name: _together(name, [usage[name] for usage in usages if name in usage]) for name in names}


def unknown(usage: Document) -> Document:
    """The same usage, of which an unknown part is missing: its amounts are unknown, its counts what is known."""
    return {name: _without_amounts(name, value) for name, value in usage.items()}


def brief(usage: Mapping[str, Any]) -> Document:
    """A usage document without its lists of calls."""
    return added([usage])


def _together(name: str, values: list[Any]) -> Any:
    if all(isinstance(value, Mapping) for value in values):
        return added(values)
    if name.endswith(_AMOUNTS):
        return usd(total(None if value is None else Decimal(value) for value in values))
    if all(isinstance(value, int) for value in values):
        return sum(values)
    # a model or a date: the same in every execution of one version
    return ", ".join(sorted({str(value) for value in values if value is not None})) or None


def _without_amounts(name: str, value: Any) -> Any:
    if isinstance(value, Mapping) and name != "agents":
        return unknown(dict(value))
    return None if name.endswith(_AMOUNTS) else value
