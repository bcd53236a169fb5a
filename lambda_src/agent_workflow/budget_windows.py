"""Budgets per day and month: which windows a call counts in, and the most it may cost. No table, no clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from agent_workflow.prices import ModelPrice

PIPELINE = "pipeline"
TENANT = "tenant#"
"""Begins the scope of a tenant."""

UNITS_PER_USD = 10**12
"""Amounts are whole numbers of 10^-12 USD, so that sums are exact: a price has at most six decimals per million."""

BYTES_PER_TOKEN = 3
"""Of a request as JSON in ASCII: English has four to five, so this reckons with more tokens than there are."""

UNDECLARED_TOKENS = 8_192
"""What a model may write whose configuration does not say."""

Usd = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]


class Budgets(BaseModel):
    """What a deployment may spend in a window.

    Attributes:
        table: name of the DynamoDB table.
        per_day_usd: USD that all executions together may cost in a day of UTC. Default: no limit.
        per_month_usd: the same in a month. Default: no limit.
        tenant_per_day_usd: USD that those of one tenant may cost in a day. Default: no limit.
        tenant_per_month_usd: the same in a month. Default: no limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    per_day_usd: Usd | None = None
    per_month_usd: Usd | None = None
    tenant_per_day_usd: Usd | None = None
    tenant_per_month_usd: Usd | None = None


@dataclass(frozen=True)
class Window:
    """A day or a month of a scope.

    Attributes:
        scope: `pipeline`, or `tenant#` and the tenant.
        period: `day` or `month`.
        name: `2026-11-24` or `2026-11`.
        limit: most that may be spent in it, in units; None is no limit.
    """

    scope: str
    period: str
    name: str
    limit: int | None

    def told(self) -> str:
        """Whose it is, in words."""
        return f"tenant {self.scope.removeprefix(TENANT)}" if self.scope.startswith(TENANT) else "the pipeline"


@dataclass(frozen=True)
class Month:
    """The windows of one scope that a call counts in: a day, and the month that it is in."""

    day: Window
    month: Window

    @property
    def scope(self) -> str:
        """Whose they are."""
        return self.month.scope

    def __iter__(self) -> Iterator[Window]:
        return iter((self.day, self.month))


def windows(budgets: Budgets, tenant: str | None, now: float) -> list[Month]:
    """The windows that a call made at `now`, in seconds since 1970, counts in: the tenant's, then the pipeline's."""
    day = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    own = [(PIPELINE, budgets.per_day_usd, budgets.per_month_usd)]
    if tenant is not None:
        own.insert(0, (TENANT + tenant, budgets.tenant_per_day_usd, budgets.tenant_per_month_usd))
    return [
        Month(
            Window(scope, "day", day, None if daily is None else units(daily)),
            Window(scope, "month", day[:7], None if monthly is None else units(monthly)),
        )
        for scope, daily, monthly in own
    ]


def units(usd: Decimal) -> int:
    """USD in units, a part of one rounded up."""
    return int((usd * UNITS_PER_USD).to_integral_value(ROUND_CEILING))


def in_usd(amount: int) -> Decimal:
    """Units in USD, exact."""
    return Decimal(amount) / UNITS_PER_USD


def most_usd(price: ModelPrice, request_bytes: int, max_tokens: int | None) -> Decimal:
    """The most that a call may cost: all of `max_tokens` written, the request read or written to the cache."""
    read = max(price.input, price.cache_write or Decimal(0))
    tokens_in = -(-request_bytes // BYTES_PER_TOKEN)
    tokens_out = UNDECLARED_TOKENS if max_tokens is None else max_tokens
    return (tokens_in * read + tokens_out * price.output).scaleb(-6)
