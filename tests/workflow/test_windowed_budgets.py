"""Budgets per day and month, on the durable runner against DynamoDB in a process of its own."""

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner
from botocore.exceptions import ReadTimeoutError
from strands.types.exceptions import ModelThrottledException

import handler
from agent_workflow import agent_runs, strands_agent
from agent_workflow.deployment import deployed
from durable_strands import run
from tests.fakes import MODEL_ID, FakeModel, Reply, declare_agents

EVENT = {"query": "edge computing", "tenant": "acme"}
# one scripted reply (100 tokens in, 50 out) costs 0.0003 + 0.00075 = 0.00105 USD
PRICES = {MODEL_ID: {"input": "3", "output": "15"}}
ONE_CALL = Decimal("0.00105")
MOST_TOKENS = 8192
WRITTEN = Decimal("0.12288")
"""What a call may cost at most without its request: 8,192 tokens written."""
THROTTLED = ModelThrottledException("slow down")


@pytest.fixture
def limited(pipeline: Any, months: Any) -> Any:
    """The pipeline with a table of budgets; `limited.limits(...)` sets them."""

    def limits(**chosen: str) -> None:
        pipeline.set_environment(MODEL_PRICES=PRICES, BUDGETS={"table": months.name, **chosen})

    for model in pipeline.models.values():
        model.update_config(max_tokens=MOST_TOKENS)
    pipeline.limits = limits
    limits()
    return pipeline


def scripted(*script: Any) -> FakeModel:
    model = FakeModel(*script)
    model.update_config(max_tokens=MOST_TOKENS)
    return model


def test_the_table_counts_what_the_ledger_says_in_all_and_by_tenant(limited, months):
    result = limited.result(EVENT)
    assert Decimal(result["usage"]["cost_usd"]) == 3 * ONE_CALL
    for tenant in (None, "acme"):
        assert months.usd("total", tenant) == 3 * ONE_CALL
        assert (months.held(tenant), months.usd("unsure", tenant)) == ([], 0)
    limited.replay()
    assert months.usd() == 3 * ONE_CALL, "a replay counts nothing"


def test_an_event_without_a_tenant_counts_for_the_pipeline_alone(limited, months):
    limited.limits(tenant_per_day_usd="0.000001")
    limited.result({"query": "edge computing"})
    (item,) = months.items()
    assert item["scope"]["S"] == "pipeline"


@pytest.mark.parametrize(
    ("limit", "named"),
    [
        ("per_day_usd", "a day of the pipeline"), ("per_month_usd", "a month of the pipeline"),
        ("tenant_per_day_usd", "a day of tenant acme"), ("tenant_per_month_usd", "a month of tenant acme"),
    ],
)  # fmt: skip
def test_a_full_window_ends_the_execution_before_the_call_and_is_named(limited, months, limit: str, named: str):
    limited.limits(**{limit: "0.126"})  # room for a first call of at most 0.1242, then for no second
    limited.models["research"] = scripted(Reply("the research", usage={"inputTokens": 100, "outputTokens": 700}))
    error = limited.error(EVENT)
    assert error.type == "BudgetExceeded"
    assert f"the budget of 0.126 USD {named} leaves no room for the next call in 2" in error.message
    assert "0.0108 USD are spent or reserved" in error.message
    assert limited.calls == {"research": 1, "analysis": 0, "summary": 0}, "not tried again, no token paid"
    data = json.loads(error.data)
    assert (data["agent"], data["usage"]["cost_usd"]) == ("analysis", "0.0108")
    assert (data["window"]["limit_usd"], data["window"]["counted_usd"]) == ("0.126", "0.0108")
    assert months.usd() == months.usd("total", "acme") == Decimal("0.0108")
    replayed = limited.replay()["Error"]
    assert replayed == {"ErrorType": error.type, "ErrorMessage": error.message, "ErrorData": error.data}


def test_the_next_execution_finds_what_the_one_before_it_spent(limited, months):
    limited.limits(per_day_usd="0.13")
    for _ in range(2):
        limited.result(EVENT)
    limited.limits(per_day_usd=str(WRITTEN + 6 * ONE_CALL))
    assert limited.error(EVENT).type == "BudgetExceeded"
    assert months.usd() == 6 * ONE_CALL


def test_tries_that_were_not_billed_cost_nothing_and_those_that_may_have_been_stay_counted(limited, months):
    limited.models["research"] = scripted(THROTTLED, THROTTLED, "the research")
    limited.models["analysis"] = scripted(ReadTimeoutError(endpoint_url="http://model"), "the analysis")
    result = limited.result(EVENT)
    assert result["usage"]["broken_attempts"] == 1
    unsure = months.usd("unsure")
    assert WRITTEN < unsure < WRITTEN + Decimal("0.01")
    assert (months.usd(), months.held()) == (3 * ONE_CALL + unsure, [])


def test_a_reply_that_does_not_tell_its_tokens_stays_counted_at_its_most(limited, months):
    limited.models["summary"] = scripted(Reply("the summary", usage={}))
    assert limited.result(EVENT)["usage"]["cost_usd"] is None
    assert months.usd("unsure") > WRITTEN


def test_a_busy_table_is_waited_for_by_the_engine_and_no_call_is_made_meanwhile(limited, months):
    months.tables.fail("ThrottlingException", times=4)  # two tries of two requests each
    result = limited.result({"query": "edge computing"})
    assert (limited.invocations, limited.calls["research"]) == (3, 1)
    assert (result["usage"]["attempts"], months.usd()) == (5, 3 * ONE_CALL)


def test_a_table_that_stays_busy_ends_the_execution_typed_and_unpaid(limited, months):
    months.tables.fail("ProvisionedThroughputExceededException", times=100)
    error = limited.error(EVENT)
    assert (error.type, sum(limited.calls.values())) == ("BudgetThrottled", 0)
    assert json.loads(error.data)["usage"]["cost_usd"] == "0"


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_a_table_that_cannot_be_used_ends_the_execution_at_once(limited, months, code: str):
    months.tables.fail(code)
    error = limited.error(EVENT)
    assert (error.type, limited.invocations, sum(limited.calls.values())) == ("BudgetUnavailable", 1, 0)


def test_a_paid_call_stands_when_the_table_cannot_be_told_of_it(limited, months, monkeypatch: pytest.MonkeyPatch):
    class ThenBusy(FakeModel):
        """The table is busy as soon as this model has answered."""

        async def stream(self, *arguments: Any, **named: Any) -> Any:
            async for event in super().stream(*arguments, **named):
                yield event
            months.tables.fail("ThrottlingException", times=4)  # both windows, two requests each

    limited.models["summary"] = ThenBusy("the summary")
    limited.models["summary"].update_config(max_tokens=MOST_TOKENS)
    assert limited.result(EVENT)["report"] == "the summary"
    assert len(months.held()) == 1
    assert months.usd() == 2 * ONE_CALL + months.held()[0]


def test_topics_side_by_side_reserve_each_for_itself(limited, months, tmp_path):
    from tests.workflow.flows import with_packaged_flow

    limited.set_environment(AGENTS_FOLDER=str(with_packaged_flow(declare_agents(tmp_path / "agents"))))
    result = limited.result({**EVENT, "topics": ["first", "second", "third"]})
    assert Decimal(result["usage"]["cost_usd"]) == 5 * ONE_CALL == months.usd("total", "acme")
    assert months.held() == []


def test_a_model_without_a_price_is_refused_before_any_call(limited, months):
    limited.set_environment(MODEL_PRICES={})
    assert limited.error(EVENT).type == "UnpricedModel"
    assert months.items() == []


EXECUTIONS = 100
FITTING = 40
"""Calls for which the window of the race has room at their exact cost."""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("tenants", [1, 4])
def test_a_hundred_executions_at_once_never_exceed_a_window(
    months, monkeypatch: pytest.MonkeyPatch, tmp_path, capsys: pytest.CaptureFixture[str], tenants: int
):
    """Each wants one call; what they spend stays below the limit, and misses it by less than one call's most."""
    folder = declare_agents(tmp_path / "agents", clerk=("query",))
    # the reply costs a third of the most that is reserved for it
    usage = {"inputTokens": 100, "outputTokens": 2_700}
    cost = Decimal("0.0003") + Decimal("0.0405")
    limit = cost * FITTING / tenants
    which = "per_day_usd" if tenants == 1 else "tenant_per_day_usd"
    limits = {"table": months.name, which: str(limit)}
    for name, value in {"AGENTS_FOLDER": str(folder), "MODEL_PRICES": PRICES, "BUDGETS": limits}.items():
        monkeypatch.setenv(name, value if isinstance(value, str) else json.dumps(value))
    paid: list[str] = []

    def model(_agent: Any, _settings: Any) -> FakeModel:
        class Paid(FakeModel):
            async def stream(self, *arguments: Any, **named: Any) -> Any:
                paid.append("a call")
                async for event in super().stream(*arguments, **named):
                    yield event

        made = Paid(Reply("the report", usage=usage))
        made.update_config(max_tokens=MOST_TOKENS)
        return made

    monkeypatch.setattr(strands_agent, "build_model", model)
    monkeypatch.setattr(agent_runs, "run", run)
    deployed.cache_clear()
    with DurableFunctionTestRunner(handler.lambda_handler, poll_interval=0.05) as runner:

        def one(number: int) -> str | None:
            event = {"query": f"question {number}", "tenant": f"tenant-{number % tenants}"}
            arn = runner.run_async(input=json.dumps(event), execution_timeout=200)
            error = runner.wait_for_result(arn, timeout=200).error
            return error.type if error else None

        with ThreadPoolExecutor(EXECUTIONS) as threads:
            ended = list(threads.map(one, range(EXECUTIONS)))
    deployed.cache_clear()
    assert set(ended) == {None, "BudgetExceeded"}
    assert len(paid) == ended.count(None)
    spent = [months.usd("total", f"tenant-{number}") for number in range(tenants)]
    assert sum(spent) == months.usd() == cost * len(paid), "the table counts what was paid, to the last digit"
    assert months.held() == []
    most = WRITTEN + Decimal("0.01")
    for each in spent:
        assert limit - most < each <= limit
    with capsys.disabled():
        print(  # noqa: T201 - how near
            f"\n{EXECUTIONS} executions, {tenants} windows of {limit} USD: {len(paid)} calls paid, spent", *spent
        )
