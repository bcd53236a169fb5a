"""The command cost: of one execution, or of all that began on a day, by agent and by tenant."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Annotated, Any

import typer

from durable_strands.records import Usage
from scripts.operate import money
from scripts.operate.endings import Unusable
from scripts.operate.executions import Summary, find, listed, versions
from scripts.operate.money import Spent
from scripts.operate.output import console, table, write_json
from scripts.operate.place import Place
from scripts.operate.reading import Execution
from scripts.operate.shown import cost_document
from scripts.operate.windows import show_windows

NOBODY = "(none)"
FIGURES = frozenset({"executions", "tokens in", "tokens out", "USD"})


@dataclass
class Bill:
    """Sums over executions.

    executions: how many.
    unknown: those of them whose USD are not known.
    """

    executions: int = 0
    unknown: int = 0
    spent: Spent = field(default_factory=lambda: Spent(Usage(), Decimal(0), exact=True))

    def add(self, spent: Spent) -> None:
        """Enter one execution."""
        self.executions += 1
        self.unknown += spent.usd is None
        known = Spent(spent.usage, spent.usd or Decimal(0), spent.exact)
        self.spent += known

    def document(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"executions": self.executions, "unknown": self.unknown, **cost_document(self.spent)}


def cost(
    place: Place,
    *,
    execution: Annotated[
        str | None, typer.Argument(metavar="EXECUTION", help="its name, the beginning of it, or its ARN")
    ] = None,
    day: Annotated[
        str, typer.Option(metavar="DATE", help="of executions that began on it, in UTC: 2026-11-24, today or yesterday")
    ] = "today",
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="most executions of a day to read")] = 1000,
    windows: Annotated[
        bool,
        typer.Option("--windows", help="what the table of budgets counts of that day and its month"),
    ] = False,
) -> None:
    """Say what an execution cost, or all of a day.

    By agent, and by tenant where events name one.
    """
    if windows:
        if execution is not None:
            raise Unusable(f"--windows must stand without an execution, got {execution!r}")
        show_windows(place, _day(day).date())
        return
    if execution is not None:
        _of_one(place, Execution.read(place, find(place, execution)))
        return
    first = _day(day)
    found = listed(place, after=first, before=first + timedelta(days=1), qualifiers=versions(place))
    rows = list(islice(found, limit + 1))
    _of_many(place, first, rows[:limit], more=len(rows) > limit)


def _of_one(place: Place, execution: Execution) -> None:
    agents = money.by_agent(execution.details, execution.history)
    total = money.total(execution.details, execution.history)
    if place.as_json:
        parts = {name: cost_document(spent) for name, spent in agents.items()}
        write_json(
            {"name": execution.name, "tenant": tenant_of(execution.details), "agents": parts, **cost_document(total)}
        )
        return
    rows = [_cells(name, spent) for name, spent in agents.items()]
    console().print(table(("agent", "tokens in", "tokens out", "USD"), [*rows, _cells("total", total)], right=FIGURES))
    if not total.exact:
        print("at list prices: the execution has not ended, or its own ledger knows no prices")


def _of_many(place: Place, first: datetime, rows: list[Summary], *, more: bool) -> None:
    total, by_agent, by_tenant = Bill(), dict[str, Bill](), dict[str, Bill]()
    for row in rows:
        execution = Execution.read_ledger(place, row["DurableExecutionArn"])
        spent = money.total(execution.details, execution.history)
        total.add(spent)
        by_tenant.setdefault(tenant_of(execution.details) or NOBODY, Bill()).add(spent)
        for agent, part in money.by_agent(execution.details, execution.history).items():
            by_agent.setdefault(agent, Bill()).add(part)
    if place.as_json:
        write_json({
            "day": f"{first:%Y-%m-%d}", "more": more, "total": total.document(),
            "agents": {name: bill.document() for name, bill in by_agent.items()},
            "tenants": {name: bill.document() for name, bill in by_tenant.items()},
        })  # fmt: skip
        return
    bills = [("total", total), *((f"agent {name}", bill) for name, bill in by_agent.items())]
    bills += [(f"tenant {name}", bill) for name, bill in by_tenant.items() if len(by_tenant) > 1 or name != NOBODY]
    out = console()
    out.print(table((f"{first:%Y-%m-%d}", "executions", *FIGURES_OF), [_bill(*bill) for bill in bills], right=FIGURES))
    if total.unknown:
        print(f"of {total.unknown} executions the cost is not known, and not in the sums")
    if more:
        print(f"only the newest {len(rows)} were read; --limit {10 * len(rows)} for more")


FIGURES_OF = ("tokens in", "tokens out", "USD")


def tenant_of(details: Mapping[str, Any]) -> str | None:
    """The tenant that the event names; None if it names none, or cannot be read."""
    try:
        event = json.loads(details.get("InputPayload") or "null")
    except ValueError:
        return None
    tenant = event.get("tenant") if isinstance(event, dict) else None
    return tenant if isinstance(tenant, str) else None


def _cells(name: str, spent: Spent) -> tuple[str, ...]:
    return name, f"{spent.usage.input_tokens:,}", f"{spent.usage.output_tokens:,}", money.dollars(spent.usd)


def _bill(name: str, bill: Bill) -> tuple[str, ...]:
    name, *figures = _cells(name, bill.spent)
    return name, f"{bill.executions:,}", *figures


def _day(text: str) -> datetime:
    today = datetime.now(UTC).date()
    named = {"today": today, "yesterday": today - timedelta(days=1)}
    try:
        day = named.get(text) or date.fromisoformat(text)
    except ValueError:
        raise Unusable(f"--day must be like 2026-11-24, today or yesterday, got {text!r}") from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
