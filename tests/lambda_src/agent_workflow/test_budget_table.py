"""budget_table.py and spending.py against DynamoDB in a process of its own, over the real wire."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from agent_workflow.budget import BudgetExceeded, BudgetThrottled, BudgetUnavailable
from agent_workflow.budget_table import HELD_SECONDS, BudgetTable, Reservation, name_of
from agent_workflow.budget_windows import Budgets, units, windows
from agent_workflow.prices import ModelPrice
from agent_workflow.spending import Spending
from durable_strands.attempts import Attempt
from durable_strands.records import Usage
from tests.fakes import MODEL_ID

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()
MOST = Decimal("0.3")
"""USD that `TRY` may cost: 20,000 tokens written, no byte asked."""
PRICES = {MODEL_ID: ModelPrice.model_validate({"input": "3", "output": "15"})}
TRY = Attempt("arn:1", "research-agent", "model-1", 1, MODEL_ID, 20_000, "")
ASKED = Decimal("0.000003")  # of the two quotation marks


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be changed."""
    now = [NOW]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


def counting(months: Any, tenant: str | None = None, **limits: Any) -> Spending:
    """A new pass of an execution."""
    return Spending(Budgets.model_validate({"table": months.name, **limits}), tenant, PRICES)


@pytest.mark.usefixtures("clock")
def test_a_call_is_reserved_at_its_most_and_settled_at_its_cost_in_day_and_month(months):
    own = counting(months, "acme")
    own.reserve(TRY)
    assert months.held() == months.held("acme") == [MOST + ASKED]
    own.settle(TRY, Usage(100, 50))
    for tenant in (None, "acme"):
        assert (months.usd("total", tenant), months.usd("day24", tenant)) == (Decimal("0.00105"),) * 2
        assert (months.held(tenant), months.usd("unsure", tenant)) == ([], 0)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"per_day_usd": "0.5"}, "the budget of 0.5 USD a day of the pipeline leaves no room .* in 2026-11-24: 0.30"),
        ({"per_month_usd": "0.5"}, "0.5 USD a month of the pipeline .* in 2026-11: "),
        ({"tenant_per_day_usd": "0.5"}, "0.5 USD a day of tenant acme .* in 2026-11-24: "),
        ({"tenant_per_month_usd": "0.5"}, "0.5 USD a month of tenant acme .* in 2026-11: "),
        ({"per_day_usd": "0.5", "per_month_usd": "9"}, "a day of the pipeline"),
    ],
)
def test_a_window_without_room_refuses_the_call_and_says_which_it_is(months, limits: dict[str, str], named: str):
    own = counting(months, "acme", **limits)
    own.reserve(TRY)
    with pytest.raises(BudgetExceeded, match=named) as refused:
        own.reserve(replace(TRY, call="model-2"))
    window = refused.value.details["window"]
    assert (window["limit_usd"], window["counted_usd"]) == ("0.5", str(MOST + ASKED))
    assert not refused.value.retryable
    assert months.usd() == months.usd("total", "acme") == MOST + ASKED, "no window keeps what another one refused"


@pytest.mark.usefixtures("clock")
def test_a_limit_below_the_first_call_refuses_it(months):
    with pytest.raises(BudgetExceeded, match="0 USD are spent or reserved"):
        counting(months, per_day_usd="0.1").reserve(TRY)
    assert months.usd() == 0


@pytest.mark.usefixtures("clock")
def test_exactly_the_limit_fits(months):
    own = counting(months, per_day_usd=str(2 * (MOST + ASKED)))
    own.reserve(TRY)
    own.reserve(replace(TRY, call="model-2"))
    with pytest.raises(BudgetExceeded):
        own.reserve(replace(TRY, call="model-3"))


@pytest.mark.usefixtures("clock")
def test_tenants_do_not_share_a_window(months):
    counting(months, "acme", tenant_per_day_usd="0.5").reserve(TRY)
    counting(months, "zeta", tenant_per_day_usd="0.5").reserve(replace(TRY, execution="arn:2"))
    assert months.usd() == 2 * (MOST + ASKED)


@pytest.mark.usefixtures("clock")
def test_the_same_try_reserves_and_settles_once_however_often_it_is_sent(months):
    table, (month,) = BudgetTable(months.name), windows(Budgets(table=months.name), None, NOW)
    asked = Reservation(month, name_of("call"), 1, units(MOST))
    for _ in range(3):
        table.reserve(asked, NOW)
    assert months.usd() == MOST
    for _ in range(3):
        table.settle(asked, units(Decimal("0.1")))
    assert (months.usd(), months.usd("day24"), months.held()) == (Decimal("0.1"), Decimal("0.1"), [])


@pytest.mark.usefixtures("clock")
def test_what_a_killed_try_reserved_stays_counted_because_it_may_have_been_billed(months):
    counting(months).reserve(TRY)  # and its process dies
    again = counting(months)
    second = replace(TRY, number=2)
    again.reserve(second)
    assert (months.usd(), len(months.held())) == (2 * (MOST + ASKED), 1)
    again.settle(second, Usage(100, 50))
    assert months.usd() == MOST + ASKED + Decimal("0.00105")
    assert (months.usd("unsure"), months.held()) == (MOST + ASKED, [])


@pytest.mark.usefixtures("clock")
def test_a_call_that_was_not_billed_costs_nothing_and_one_of_unknown_cost_stays_counted(months):
    own = counting(months)
    for call, usage in (("model-1", Usage()), ("model-2", None)):
        own.reserve(replace(TRY, call=call))
        own.settle(replace(TRY, call=call), usage)
    assert (months.usd(), months.usd("unsure"), months.held()) == (MOST + ASKED, MOST + ASKED, [])


@pytest.mark.usefixtures("clock")
def test_a_model_without_a_price_is_not_called(months):
    with pytest.raises(BudgetUnavailable, match=r"need a price for every model, got none for 'a\.tuned-model'"):
        counting(months).reserve(replace(TRY, model_id="a.tuned-model"))
    assert months.items() == []


def test_a_call_that_ends_after_midnight_is_settled_where_it_was_reserved(months, clock: list[float]):
    own = counting(months)
    clock[0] = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC).timestamp()
    own.reserve(TRY)
    clock[0] += 2
    own.settle(TRY, Usage(100, 50))
    (item,) = months.items()
    assert (item["month"]["S"], item["day30"]["N"]) == ("2026-11", "1050000000")


def test_a_clock_that_jumps_counts_in_another_window_and_loses_nothing(months, clock: list[float]):
    own = counting(months, per_day_usd="0.5")
    own.reserve(TRY)
    for jumped in (datetime(2031, 1, 2, tzinfo=UTC), datetime(2001, 1, 2, tzinfo=UTC)):
        clock[0] = jumped.timestamp()
        own.reserve(replace(TRY, call=f"model-{jumped.year}"))
        with pytest.raises(BudgetExceeded, match=f"in {jumped.year}-01-02"):
            own.reserve(replace(TRY, call="one more"))
    own.settle(TRY, Usage(100, 50))
    counted = {item["month"]["S"]: item["total"]["N"] for item in months.items()}
    assert counted == {"2026-11": "1050000000", "2031-01": "300003000000", "2001-01": "300003000000"}


def test_a_reservation_that_nobody_came_back_for_is_taken_out_and_stays_counted(months, clock: list[float]):
    counting(months).reserve(TRY)
    clock[0] += HELD_SECONDS + 1
    live = counting(months)
    live.reserve(replace(TRY, execution="arn:2"))
    assert (months.held(), months.usd(), months.usd("unsure")) == (
        [MOST + ASKED],
        2 * (MOST + ASKED),
        MOST + ASKED,
    )


def test_a_call_given_up_too_early_by_another_clock_stays_counted_and_does_not_fail(months, clock: list[float]):
    slow = counting(months)
    slow.reserve(TRY)
    clock[0] += HELD_SECONDS + 1
    counting(months).reserve(replace(TRY, execution="arn:2"))
    slow.settle(TRY, Usage(100, 50))
    assert months.usd() == 2 * (MOST + ASKED)


def test_an_item_goes_400_days_after_its_month(months, clock: list[float]):
    clock[0] = datetime(2026, 12, 31, 23, tzinfo=UTC).timestamp()
    counting(months).reserve(TRY)
    expires = datetime.fromtimestamp(int(months.item()["expires"]["N"]), UTC)
    assert expires == datetime(2028, 2, 5, tzinfo=UTC)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ProvisionedThroughputExceededException", 400), ("ThrottlingException", 400), ("InternalServerError", 500),
        ("RequestLimitExceeded", 400), ("TransactionConflictException", 400),
    ],
)  # fmt: skip
def test_a_busy_table_is_asked_twice_and_is_then_a_failure_that_passes(months, code: str, status: int):
    months.tables.fail(code, status, times=1)
    if code != "TransactionConflictException":  # which botocore leaves to the engine
        counting(months).reserve(TRY)
    months.tables.fail(code, status, times=2)
    with pytest.raises(BudgetThrottled, match=f"the table of budgets answered {code}, so no call was made") as refused:
        counting(months).reserve(replace(TRY, number=2))
    assert refused.value.retryable


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "KMSAccessDeniedException"])
def test_a_table_that_is_missing_or_denied_is_a_typed_failure_that_stays(months, code: str):
    months.tables.fail(code)
    with pytest.raises(BudgetUnavailable, match=code) as refused:
        counting(months).reserve(TRY)
    assert not refused.value.retryable


@pytest.mark.usefixtures("clock")
def test_a_table_that_does_not_exist_is_said_by_the_service_itself(months):
    with pytest.raises(BudgetUnavailable, match="ResourceNotFoundException"):
        counting(replace(months, name="no-such-table")).reserve(TRY)


@pytest.mark.usefixtures("clock")
def test_a_table_that_nobody_answers_for_is_a_failure_that_passes(months, monkeypatch: pytest.MonkeyPatch):
    from agent_workflow import budget_table

    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
    budget_table._client.cache_clear()
    with pytest.raises(BudgetThrottled, match="EndpointConnectionError"):
        counting(months).reserve(TRY)


@pytest.mark.usefixtures("clock")
def test_the_tenants_room_is_given_back_when_the_pipeline_has_none(months):
    counting(months, "acme", per_day_usd="0.5").reserve(TRY)
    with pytest.raises(BudgetExceeded, match="the pipeline"):
        counting(months, "zeta", per_day_usd="0.5").reserve(replace(TRY, execution="arn:2"))
    assert (months.usd("total", "zeta"), months.held("zeta")) == (0, [])


def race(months: Any, reserve: Any) -> tuple[int, Decimal]:
    """40 calls of 16 threads at a window with room for 10: how many were let in, and what is counted."""

    def call(number: int) -> bool:
        try:
            reserve(replace(TRY, execution=f"arn:{number}"))
        except BudgetExceeded:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        let_in = sum(threads.map(call, range(40)))
    return let_in, months.usd()


LIMIT = 10 * (MOST + ASKED)


@pytest.mark.usefixtures("clock")
def test_calls_at_once_never_exceed_a_window(months):
    let_in, counted = race(months, counting(months, per_day_usd=str(LIMIT)).reserve)
    assert (let_in, counted) == (10, LIMIT)


@pytest.mark.usefixtures("clock")
def test_the_race_sees_a_table_that_is_read_before_it_is_written(months):
    """The planted fault: a look and a write, where the table makes one update of both."""
    unlimited = counting(months)

    def looked_first(attempt: Attempt) -> None:
        if months.usd() + MOST + ASKED > LIMIT:
            raise BudgetExceeded("no room")
        unlimited.reserve(attempt)

    let_in, counted = race(months, looked_first)
    assert let_in > 10
    assert counted > LIMIT
