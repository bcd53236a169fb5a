"""What the table of budgets counts: for the pipeline and each tenant, of a day and its month, beside the limits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from agent_workflow.budget_table import RESERVED, day_field
from agent_workflow.budget_windows import PIPELINE, TENANT, Budgets, in_usd
from scripts.operate.endings import NotFound
from scripts.operate.output import console, table, write_json
from scripts.operate.place import Place

HEADINGS = ("scope", "day USD", "of", "month USD", "of", "in flight", "unsure")


def show_windows(place: Place, day: date) -> None:
    """Print the windows of a day and its month.

    Raises:
        NotFound: the pipeline has no table of budgets.
    """
    budgets = _budgets(place)
    rows = [_row(item, budgets, day) for item in _items(place, budgets.table, day)]
    if place.as_json:
        write_json({"day": f"{day}", "windows": rows})
        return
    cells = [[_shown(value) for value in row.values()] for row in rows]
    console().print(table(HEADINGS, cells, right=frozenset(HEADINGS[1:])))
    if not rows:
        print(f"nothing was counted in {day:%Y-%m}")


def _budgets(place: Place) -> Budgets:
    alias = place.alias
    configuration = place.durable.get_function_configuration(FunctionName=alias.function, Qualifier=alias.name)
    chosen = (configuration.get("Environment") or {}).get("Variables", {}).get("BUDGETS")
    if not chosen:
        raise NotFound("this pipeline has no table of budgets: the construct's keyword budgets brings one")
    return Budgets.model_validate(json.loads(chosen))


def _items(place: Place, name: str, day: date) -> Iterator[Mapping[str, Any]]:
    """The items of the month: the pipeline's, then those of tenants by name."""
    pages = place.client("dynamodb").get_paginator("query")
    for page in pages.paginate(
        TableName=name,
        KeyConditionExpression="#month = :month",
        ExpressionAttributeNames={"#month": "month"},
        ExpressionAttributeValues={":month": {"S": f"{day:%Y-%m}"}},
        ConsistentRead=True,
    ):
        yield from page["Items"]


def _row(item: Mapping[str, Any], budgets: Budgets, day: date) -> dict[str, Any]:
    """One scope, as `--json` prints it."""
    scope = item["scope"]["S"]
    own = scope == PIPELINE
    held = [_usd(value["M"]["usd"]) for name, value in item.items() if name.startswith(RESERVED)]
    return {
        "scope": PIPELINE if own else f"tenant {scope.removeprefix(TENANT)}",
        "day_usd": _usd(item.get(day_field(day.day))),
        "day_limit_usd": budgets.per_day_usd if own else budgets.tenant_per_day_usd,
        "month_usd": _usd(item["total"]),
        "month_limit_usd": budgets.per_month_usd if own else budgets.tenant_per_month_usd,
        "in_flight_usd": sum(held, Decimal(0)),
        "unsure_usd": _usd(item.get("unsure")),
    }


def _usd(number: Mapping[str, str] | None) -> Decimal:
    return in_usd(int(number["N"])) if number else Decimal(0)


def _shown(value: Any) -> str:
    if value is None:
        return "no limit"
    return f"${value:.4f}" if isinstance(value, Decimal) else str(value)
