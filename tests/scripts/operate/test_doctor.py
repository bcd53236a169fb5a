"""What doctor finds in an account, played by botocore's Stubber."""

import json
from typing import Any

import pytest
from botocore.stub import ANY

from scripts.operate.checks import foundation_of
from tests.scripts.operate.stubbed import AT, FUNCTION, Account, Answer, listing, stack, summary

MODEL, FOUNDATION = "us.anthropic.claude-sonnet-4-6", "anthropic.claude-sonnet-4-6"
OPEN = {
    "agreementAvailability": {"status": "AVAILABLE"},
    "authorizationStatus": "AUTHORIZED",
    "entitlementAvailability": "AVAILABLE",
    "regionAvailability": "AVAILABLE",
}


def configuration(**more: Any) -> Answer:
    found = {
        "FunctionName": FUNCTION,
        "Runtime": "python3.13",
        "State": "Active",
        "DurableConfig": {"ExecutionTimeout": 3600, "RetentionPeriodInDays": 1},
        "Environment": {"Variables": {"AGENT_MODELS": json.dumps({"research": MODEL}), "MODEL_PRICES": "{}"}},
    }
    asked = {"FunctionName": FUNCTION, "Qualifier": "live"}
    return Answer("get_function_configuration", asked, {**found, **more})


def account_with(
    account: Account,
    *,
    access: dict[str, Any] | None = None,
    lifecycle: str = "ACTIVE",
    form: bool = True,
    used: float = 1,
) -> None:
    """A healthy account, but for what is named."""
    account.on("sts", Answer("get_caller_identity", {}, {"Arn": "arn:aws:iam::123456789012:user/ada"}))
    account.on("cloudformation", stack())
    account.on(
        "lambda",
        Answer("get_alias", {"FunctionName": FUNCTION, "Name": "live"}, {"FunctionVersion": "7"}),
        configuration(),
        listing(summary("one")),
        configuration(),
        Answer(
            "get_account_settings",
            {},
            {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 900}},
        ),
    )
    details = {"modelArn": "arn:aws:bedrock:us-east-1::foundation-model/x", "modelId": FOUNDATION}
    ends = {"status": lifecycle, **({"endOfLifeTime": AT} if lifecycle == "LEGACY" else {})}
    account.on(
        "bedrock",
        Answer(
            "get_foundation_model_availability",
            {"modelId": FOUNDATION},
            {"modelId": FOUNDATION, **OPEN, **(access or {})},
        ),
        Answer(
            "get_foundation_model",
            {"modelIdentifier": FOUNDATION},
            {"modelDetails": {**details, "modelLifecycle": ends}},
        ),
        Answer(
            "get_use_case_for_model_access", {}, {"formData": b"{}"}, code="" if form else "ResourceNotFoundException"
        ),
    )
    results = [{"Id": "used", "Values": [used]}]
    asked = {"MetricDataQueries": ANY, "StartTime": ANY, "EndTime": ANY}
    account.on("cloudwatch", Answer("get_metric_data", asked, {"MetricDataResults": results}))


def test_a_healthy_account_is_all_ok(account, run):
    account_with(account)
    status, out, _ = run("doctor", "--json")
    found = json.loads(out)
    assert (status, found["healthy"]) == (0, True)
    assert {check["state"] for check in found["checks"]} == {"ok"}
    assert [check["check"] for check in found["checks"]] == [
        "credentials", "Region", "alias", "function", "executions", MODEL, "quotas", "concurrency",
    ]  # fmt: skip
    account.assert_all_asked()


@pytest.mark.parametrize(
    ("wrong", "status", "state", "words"),
    [
        ({"access": {"regionAvailability": "NOT_AVAILABLE"}}, 1, "BAD", "it is not offered in this Region"),
        ({"access": {"authorizationStatus": "NOT_AUTHORIZED"}}, 1, "BAD", "ask its administrator"),
        ({"access": {"entitlementAvailability": "NOT_AVAILABLE"}}, 1, "BAD", "not subscribed"),
        ({"access": {"agreementAvailability": {"status": "PENDING"}}}, 1, "BAD", "its agreement is PENDING"),
        ({"form": False}, 1, "BAD", "Anthropic's form of first use was not filled in"),
        ({"lifecycle": "LEGACY"}, 0, "look", "legacy until 2026-11-24"),
        ({"used": 93}, 0, "look", "93 % of the account's running durable executions"),
    ],
)
def test_what_is_wrong_is_found_and_what_helps_is_said(request, wrong, status, state, words):
    account, run = request.getfixturevalue("account"), request.getfixturevalue("run")
    account_with(account, **wrong)
    got, out, _ = run("doctor", "--json")
    (finding,) = [check for check in json.loads(out)["checks"] if check["state"] != "ok"]
    assert (got, finding["state"]) == (status, state)
    assert words in f"{finding['words']} {finding['helps']}"
    assert finding["helps"]


def test_a_right_that_is_missing_is_a_finding_and_the_rest_is_looked_at_all_the_same(account, run):
    account_with(account)
    account.answers["cloudwatch"] = [Answer("get_metric_data", None, code="AccessDeniedException")]
    status, out, _ = run("doctor", "--json")
    (finding,) = [check for check in json.loads(out)["checks"] if check["state"] == "BAD"]
    assert (status, finding["check"]) == (1, "quotas")
    assert finding["words"].startswith("not allowed: cloudwatch:GetMetricData; pipeline.grant_operate(...)")
    assert json.loads(out)["checks"][-1]["check"] == "concurrency"


@pytest.mark.parametrize("model", [MODEL, f"global.{FOUNDATION}", f"us-gov.{FOUNDATION}", FOUNDATION])
def test_the_model_behind_a_profile_is_told_by_its_id(model):
    assert foundation_of(model) == FOUNDATION
