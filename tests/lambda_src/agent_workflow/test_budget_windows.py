"""budget_windows.py: windows named by UTC, exact units, the most that a call may cost."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from agent_workflow.budget_windows import Budgets, in_usd, most_usd, units, windows
from agent_workflow.prices import ModelPrice

LIMITS = Budgets(table="t", per_day_usd=Decimal(5), tenant_per_month_usd=Decimal(2))


def at(*when: int) -> float:
    return datetime(*when, tzinfo=UTC).timestamp()  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("when", "day", "month"),
    [
        ((2026, 11, 30, 23, 59, 59), "2026-11-30", "2026-11"),
        ((2026, 12, 1, 0, 0, 0), "2026-12-01", "2026-12"),
        ((2027, 1, 1, 0, 0, 0), "2027-01-01", "2027-01"),
        ((2028, 2, 29, 12, 0, 0), "2028-02-29", "2028-02"),
    ],
)
def test_a_window_is_named_by_utc(monkeypatch: pytest.MonkeyPatch, when: tuple[int, ...], day: str, month: str):
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    (own,) = windows(LIMITS, None, at(*when))
    assert (own.scope, own.day.name, own.month.name) == ("pipeline", day, month)
    assert (own.day.limit, own.month.limit) == (5 * 10**12, None)


def test_a_tenants_windows_come_before_the_pipelines():
    tenant, own = windows(LIMITS, "acme", at(2026, 11, 24))
    assert (tenant.scope, tenant.day.limit, tenant.month.limit) == ("tenant#acme", None, 2 * 10**12)
    assert (tenant.day.told(), own.day.told()) == ("tenant acme", "the pipeline")


@pytest.mark.parametrize("usd", ["0.000000000001", "0.00105", "999999.999999999999"])
def test_units_are_exact(usd: str):
    assert in_usd(units(Decimal(usd))) == Decimal(usd)


def test_a_part_of_a_unit_counts_as_one():
    assert units(Decimal("0.0000000000011")) == 2


def test_the_most_of_a_call_is_all_it_may_write_and_the_request_at_the_dearer_of_reading_and_caching():
    price = ModelPrice.model_validate({"input": "3", "output": "15", "cache_write": "3.75"})
    assert most_usd(price, 3_000, 1_000) == Decimal("0.00375") + Decimal("0.015")
    assert most_usd(price, 1, 0) == Decimal("0.00000375"), "a part of a token counts as one"
    assert most_usd(ModelPrice.model_validate({"input": "3", "output": "15"}), 3_000, None) == Decimal("0.12588")


@pytest.mark.parametrize("wrong", [{"per_day_usd": 0}, {"per_day_usd": "NaN"}, {"per_day": 1}, {"per_month_usd": -1}])
def test_fails_when_a_limit_breaks_its_rule(wrong: dict[str, Any]):
    with pytest.raises(ValidationError):
        Budgets.model_validate({"table": "t", **wrong})
