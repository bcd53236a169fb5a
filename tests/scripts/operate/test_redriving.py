"""Redrives as the command starts them, and what it refuses before anything is started."""

import json
from typing import Any

import pytest

from scripts.operate.acting import digest
from tests.scripts.operate.stubbed import AT, FUNCTION, Answer, arn_of, event, got, history, stack

ONE = arn_of("one")
QUERY = {"query": "edge", "topics": "auto", "budget_usd": "0.01"}
AGENT = event(1, "ContextStarted", "a-agent")
CALL = {**event(2, "StepStarted", "model-1"), "ParentId": "a-agent"}


def earlier(payload: Any = QUERY, status: str = "FAILED") -> list[Answer]:
    return [got("one", status, InputPayload=json.dumps(payload)), history("one", AGENT, CALL, data=False)]


def started(asked: dict[str, Any]) -> Answer:
    return Answer("invoke", asked, {"StatusCode": 202, "DurableExecutionArn": arn_of("two")})


def invoked(event: dict[str, Any], name: str, qualifier: str = "live") -> dict[str, Any]:
    return {
        "FunctionName": FUNCTION,
        "Qualifier": qualifier,
        "InvocationType": "Event",
        "DurableExecutionName": name,
        "Payload": json.dumps(event).encode(),
    }


@pytest.mark.parametrize(
    "payload",
    [
        QUERY,
        {"Records": [{"body": json.dumps(QUERY)}]},
        {"batch_query": {"batch": "b", "operation": "query-1", "request": QUERY}},
        {**QUERY, "redrive": {"execution_arn": "the one before"}},
    ],
    ids=["an event", "a queue's message", "one of a batch", "a redrive"],
)
def test_the_earlier_event_is_started_again_with_what_is_changed_and_where_it_takes_from(account, run, payload):
    account.on("cloudformation", stack())
    redrive = {"execution_arn": ONE, "before": "a-agent/model-1"}
    wanted = {"query": "edge", "topics": ["x", "y"], "budget_usd": 3, "redrive": redrive}
    account.on(
        "lambda",
        *earlier(payload),
        started(invoked(wanted, f"one-redrive-{digest(wanted)}")),
        got("two", "RUNNING"),
        history("two"),
    )
    options = ("--from", "a-agent/model-1", "--set", 'topics=["x", "y"]', "--set", "budget_usd=3", "--json")
    status, out, errors = run("redrive", ONE, *options)
    assert (status, json.loads(out)["name"]) == (0, "two"), errors
    account.assert_all_asked()


def test_a_version_is_invoked_by_its_number_if_there_is_one(account, run):
    versions = Answer("list_versions_by_function", {"FunctionName": FUNCTION}, {"Versions": [{"Version": "7"}]})
    account.on("cloudformation", stack())
    account.on("lambda", *earlier(), versions, *[Answer("invoke", None, code="AccessDeniedException")])
    status, _, errors = run("redrive", ONE, "--version", "7")
    assert (status, "lambda:InvokeFunction" in errors) == (4, True)
    account.assert_all_asked()


@pytest.mark.parametrize(
    ("answers", "options", "refusal"),
    [
        (earlier(status="RUNNING"), (), (1, "one is RUNNING: a redrive takes from what has ended")),
        (earlier(), ("--from", "a-agent/model-2"), (3, "one has no operation a-agent/model-2")),
        (earlier({"queries": [QUERY, QUERY]}), (), (2, "one is a batch")),
        (earlier("text"), (), (1, "one was started with no event")),
        (earlier(), ("--set", "budget_usd"), (2, "--set must be FIELD=VALUE for one of demo_checkpoint, budget_usd")),
        (earlier(), ("--set", "redrive={}"), (2, "--set must be FIELD=VALUE")),
        (earlier(), ("--set", "query=other"), (2, "--set must be FIELD=VALUE")),
        (earlier(), ("--set", "review=maybe"), (2, "--set: review: must be true, false or an object")),
    ],
)
def test_fails_in_one_line_when_nothing_could_be_taken(account, run, answers, options, refusal):
    account.on("cloudformation", stack())
    account.on("lambda", *answers)
    status, out, errors = run("redrive", ONE, *options)
    assert (status, out, len(errors.splitlines())) == (refusal[0], "", 1)
    assert errors.startswith(f"pipeline: {refusal[1]}")
    assert "invoke" not in [name for _, name in account.calls]


def test_fails_when_there_is_no_such_version(account, run):
    versions = Answer("list_versions_by_function", {"FunctionName": FUNCTION}, {"Versions": [{"Version": "7"}]})
    account.on("cloudformation", stack())
    account.on("lambda", *earlier(), versions)
    assert run("redrive", ONE, "--version", "8")[0] == 3


def test_fails_when_it_is_another_pipelines_execution(account, run):
    account.on("cloudformation", stack())
    other = got("one", FunctionArn=f"arn:aws:lambda:us-east-1:123456789012:function:Other:{AT:%d}")
    account.on("lambda", other, history("one", data=False))
    status, _, errors = run("redrive", ONE)
    assert (status, errors) == (2, f"pipeline: one is an execution of Other, not of {FUNCTION}: --alias\n")
