"""`cost --windows`: what the table of budgets counts, beside the limits."""

import json
from typing import Any

import pytest

from tests.scripts.operate.stubbed import FUNCTION, Answer, stack

LIMITS = {"table": "budgets", "per_day_usd": "5", "tenant_per_month_usd": "2"}
QUERY = {
    "TableName": "budgets",
    "KeyConditionExpression": "#month = :month",
    "ExpressionAttributeNames": {"#month": "month"},
    "ExpressionAttributeValues": {":month": {"S": "2026-11"}},
    "ConsistentRead": True,
}
PIPELINE = {
    "month": {"S": "2026-11"}, "scope": {"S": "pipeline"}, "total": {"N": "3500000000000"},
    "day24": {"N": "1250000000000"}, "unsure": {"N": "100000000000"},
    "held_0a": {"M": {"usd": {"N": "250000000000"}, "attempt": {"N": "1"}, "until": {"N": "1"}}},
}  # fmt: skip
ACME = {"month": {"S": "2026-11"}, "scope": {"S": "tenant#acme"}, "total": {"N": "5"}}


def configuration(**variables: str) -> Answer:
    return Answer(
        "get_function_configuration",
        {"FunctionName": FUNCTION, "Qualifier": "live"},
        {"FunctionName": FUNCTION, "Environment": {"Variables": variables}},
    )


def counted(account: Any, *items: dict[str, Any]) -> None:
    account.on("cloudformation", stack())
    account.on("lambda", configuration(BUDGETS=json.dumps(LIMITS)))
    account.on("dynamodb", Answer("query", QUERY, {"Items": list(items)}))


def test_the_pipeline_and_each_tenant_are_shown_with_their_limits(account, run):
    counted(account, PIPELINE, ACME)
    status, out, _ = run("cost", "--windows", "--day", "2026-11-24", "--json")
    assert status == 0
    assert json.loads(out) == {
        "day": "2026-11-24",
        "windows": [
            {
                "scope": "pipeline", "day_usd": "1.25", "day_limit_usd": "5", "month_usd": "3.5",
                "month_limit_usd": None, "in_flight_usd": "0.25", "unsure_usd": "0.1",
            },
            {
                "scope": "tenant acme", "day_usd": "0", "day_limit_usd": None, "month_usd": "0.000000000005",
                "month_limit_usd": "2", "in_flight_usd": "0", "unsure_usd": "0",
            },
        ],
    }  # fmt: skip
    account.assert_all_asked()


def test_a_person_reads_a_table(account, run):
    counted(account, PIPELINE)
    status, out, _ = run("cost", "--windows", "--day", "2026-11-24")
    row = next(line for line in out.splitlines() if line.startswith("pipeline"))
    assert (status, row.split()) == (
        0,
        ["pipeline", "$1.2500", "$5.0000", "$3.5000", "no", "limit", "$0.2500", "$0.1000"],
    )


def test_a_month_without_a_call_is_said(account, run):
    counted(account)
    assert "nothing was counted in 2026-11" in run("cost", "--windows", "--day", "2026-11-24")[1]


def test_fails_when_the_pipeline_has_no_table(account, run):
    account.on("cloudformation", stack())
    account.on("lambda", configuration(PIPELINE_NAME="p"))
    status, _, err = run("cost", "--windows")
    assert (status, "this pipeline has no table of budgets" in err) == (3, True)


@pytest.mark.usefixtures("account")
def test_fails_when_an_execution_is_named_as_well(run):
    status, _, err = run("cost", "one", "--windows")
    assert (status, "--windows must stand without an execution" in err) == (2, True)
