"""What the commands ask of AWS, held to the service's own model by botocore's Stubber."""

import json
from datetime import UTC, datetime

import pytest
from botocore.stub import ANY

from durable_strands.folding import fold
from tests.scripts.operate.stubbed import (
    AT,
    FUNCTION,
    Answer,
    arn_of,
    event,
    got,
    history,
    listing,
    stack,
    summary,
)

NAMED = {"DurableExecutionName": "one"}
WAITING = event(2, "CallbackStarted", "review-1", CallbackStartedDetails={"CallbackId": "Q0I=", "Timeout": 3600})


def test_a_list_asks_the_alias_of_the_stage_newest_first_and_page_after_page(account, run):
    asked = {"Statuses": ["FAILED"], "StartedAfter": ANY}
    account.on("cloudformation", stack("prod"))
    account.on(
        "lambda",
        listing(summary("a"), asked=asked, marker="next"),
        listing(summary("b"), asked={**asked, "Marker": "next"}),
    )
    status, out, _ = run("list", "--stage", "prod", "--status", "failed", "--since", "6h", "--json")
    assert (status, [one["name"] for one in json.loads(out)["executions"]]) == (0, ["a", "b"])
    account.assert_all_asked()


def test_a_page_that_nobody_needs_is_not_asked_for(account, run):
    account.on("cloudformation", stack())
    account.on("lambda", listing(*(summary(f"e-{number}") for number in range(1000)), marker="next"))
    status, out, _ = run("list", "--json")
    assert (status, len(json.loads(out)["executions"]), json.loads(out)["more"]) == (0, 20, True)
    account.assert_all_asked()


def test_the_alias_by_its_arn_needs_no_stack(account, run):
    account.on("lambda", listing(summary("a")))
    alias = f"arn:aws:lambda:us-east-1:123456789012:function:{FUNCTION}:live"
    assert run("list", "--alias", alias)[0] == 0
    assert account.calls == [("lambda", "ListDurableExecutionsByFunction")]


def test_show_finds_the_name_and_reads_details_and_history(account, run):
    account.on("cloudformation", stack())
    account.on("lambda", listing(summary("one"), asked=NAMED), got("one"), history("one", event(1, "StepStarted", "s")))
    assert run("show", "one")[0] == 0
    account.assert_all_asked()


def test_watch_of_what_has_ended_reads_it_once(account, run):
    account.on("cloudformation", stack())
    account.on("lambda", listing(summary("one"), asked=NAMED), got("one"), history("one", event(1, "StepStarted", "s")))
    assert run("watch", "one")[0] == 1  # it failed
    account.assert_all_asked()


def test_the_cost_of_an_execution_is_its_own_ledgers(account, run):
    usage = {"agents": {}, "input_tokens": 7, "output_tokens": 3, "cost_usd": "0.0125"}
    result = json.dumps({"status": "completed", "usage": usage})
    account.on("cloudformation", stack())
    account.on(
        "lambda",
        listing(summary("one"), asked=NAMED),
        got("one", "SUCCEEDED", Result=result),
        history("one", event(1, "StepStarted", "s")),
    )
    status, out, _ = run("cost", "one", "--json")
    assert (status, json.loads(out)["usd"], json.loads(out)["exact"]) == (0, "0.0125", True)
    account.assert_all_asked()


def test_the_cost_of_a_day_asks_every_version_for_what_began_in_it(account, run):
    usage = {"agents": {}, "input_tokens": 7, "output_tokens": 3, "cost_usd": "0.0125"}
    result = json.dumps({"status": "completed", "usage": usage})
    asked = {"StartedAfter": datetime(2026, 11, 24, tzinfo=UTC), "StartedBefore": datetime(2026, 11, 25, tzinfo=UTC)}
    account.on("cloudformation", stack())
    account.on(
        "lambda",
        Answer("list_versions_by_function", {"FunctionName": FUNCTION}, {"Versions": [{"Version": "3"}]}),
        listing(summary("one"), asked={**asked, "Qualifier": "3"}),
        got("one", "SUCCEEDED", Result=result),
    )
    status, out, errors = run("cost", "--day", "2026-11-24", "--json")
    assert (status, errors, json.loads(out)["total"]["usd"]) == (0, "", "0.0125")
    account.assert_all_asked()


def test_the_result_of_an_execution_that_was_handed_over_to_is_read_unfolded(account, run):
    result = json.dumps(fold({"status": "completed", "report": "# Found"}))
    account.on("cloudformation", stack())
    account.on("lambda", listing(summary("one"), asked=NAMED), got("one", "SUCCEEDED", Result=result))
    status, out, _ = run("report", "one", "--json")
    assert (status, json.loads(out)["report"]) == (0, "# Found")


def test_a_name_that_only_an_older_version_has_is_found_there(account, run):
    account.on("cloudformation", stack())
    versions = {"Versions": [{"Version": version} for version in ("$LATEST", "1", "2")]}
    account.on(
        "lambda",
        listing(asked=NAMED),
        listing(),
        Answer("list_versions_by_function", {"FunctionName": FUNCTION}, versions),
        listing(asked={**NAMED, "Qualifier": "2"}),
        listing(summary("one", version="3"), asked={**NAMED, "Qualifier": "1"}),
        got("one"),
        history("one"),
    )
    assert run("show", "one")[0] == 0
    account.assert_all_asked()


def test_a_beginning_is_looked_for_among_ten_thousand(account, run):
    account.on("cloudformation", stack())
    pages = [[summary(f"run-{page}-{number:03}") for number in range(1000)] for page in range(10)]
    pages[9][999] = summary("needle")
    asked = [{}, *({"Marker": str(page)} for page in range(1, 10))]
    account.on(
        "lambda",
        listing(asked={"DurableExecutionName": "need"}),
        *(
            listing(*rows, asked=asked[page], marker=str(page + 1) if page < 9 else "")
            for page, rows in enumerate(pages)
        ),
        got("needle"),
        history("needle"),
    )
    status, out, _ = run("show", "need", "--json")
    assert (status, json.loads(out)["name"]) == (0, "needle")
    account.assert_all_asked()


def test_an_arn_is_asked_for_as_it_is(account, run):
    account.on("lambda", got("one"), history("one"))
    assert run("show", arn_of("one"))[0] == 0
    account.assert_all_asked()


def test_start_is_asynchronous_through_the_alias_and_named(account, run):
    account.on("cloudformation", stack())
    asked = {
        "FunctionName": FUNCTION,
        "Qualifier": "live",
        "InvocationType": "Event",
        "DurableExecutionName": "one",
        "Payload": json.dumps({"query": "edge"}).encode(),
    }
    started = Answer("invoke", asked, {"StatusCode": 202, "DurableExecutionArn": arn_of("one")})
    account.on("lambda", started, got("one", "RUNNING"), history("one"))
    status, out, _ = run("start", "edge", "--name", "one")
    assert (status, out.startswith("one was started already at 2026-11-24 03:00:00 UTC and is RUNNING")) == (0, True)
    account.assert_all_asked()


ERROR = {"ErrorType": "StoppedByOperator", "ErrorMessage": "enough"}


@pytest.mark.parametrize(
    ("command", "status", "asked", "response"),
    [
        (("stop", "--reason", "enough"), "RUNNING", {"Error": ERROR}, {"StopTimestamp": AT}),
        (("pause", "--reason", "wait"), "RUNNING", {"Reason": "wait"}, {}),
        (("resume",), "PAUSED", {}, {}),
    ],
)
def test_what_changes_an_execution(request, command, status, asked, response):
    account, run = request.getfixturevalue("account"), request.getfixturevalue("run")
    verb, *more = command
    acted = Answer(f"{verb}_durable_execution", {"DurableExecutionArn": arn_of("one"), **asked}, response)
    account.on("lambda", got("one", status), acted)
    assert run(verb, arn_of("one"), *more)[0] == 0
    account.assert_all_asked()


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        (("approve",), {"decision": "approve"}),
        (("reject", "--reason", "no"), {"decision": "reject", "reason": "no"}),
        (("edit", "--text", "better"), {"decision": "edit", "text": "better"}),
        (("revise", "--comments", "shorter", "--reviewer", "Ada"),
         {"decision": "revise", "comments": "shorter", "reviewer": "Ada"}),
    ],
)  # fmt: skip
def test_an_answer_is_the_result_of_the_open_callback(account, run, arguments, result):
    verb, *more = arguments
    asked = {"CallbackId": "Q0I=", "Result": json.dumps(result).encode()}
    account.on(
        "lambda",
        got("one", "RUNNING"),
        history("one", WAITING),
        Answer("send_durable_execution_callback_success", asked),
    )
    assert run("review", verb, arn_of("one"), *more)[0] == 0
    account.assert_all_asked()


def test_an_answer_to_an_agents_question_is_the_json_of_a_text(account, run):
    inside = event(2, "ContextStarted", "clerk-agent")
    asked = event(
        3, "CallbackStarted", "interrupt-1", ParentId=inside["Id"], CallbackStartedDetails={"CallbackId": "Q0I="}
    )
    account.on(
        "lambda",
        got("one", "RUNNING"),
        history("one", inside, asked),
        Answer("send_durable_execution_callback_success", {"CallbackId": "Q0I=", "Result": b'"yes, 7"'}),
    )
    named = ("--review", "clerk-agent/interrupt-1")
    status, out, _ = run("review", "answer", arn_of("one"), "--text", "yes, 7", *named)
    assert (status, out) == (0, "clerk-agent/interrupt-1 of one: answered; scripts/pipeline watch one\n")
    account.assert_all_asked()


def test_fails_when_a_question_is_approved_as_if_it_were_a_review(account, run):
    asked = event(2, "CallbackStarted", "interrupt-1", CallbackStartedDetails={"CallbackId": "Q0I="})
    account.on("lambda", got("one", "RUNNING"), history("one", asked))
    status, _, errors = run("review", "approve", arn_of("one"))
    assert (status, errors) == (
        1, "pipeline: one waits for interrupt-1, not for that: scripts/pipeline review show one\n",
    )  # fmt: skip
    account.assert_all_asked()


def test_reviews_are_looked_for_in_running_executions_without_their_texts(account, run):
    account.on("cloudformation", stack())
    page = history("one", WAITING)
    assert page.asked is not None
    page.asked["IncludeExecutionData"] = False
    account.on(
        "lambda", listing(summary("one", "RUNNING"), asked={"Statuses": ["RUNNING"]}), got("one", "RUNNING"), page
    )
    status, out, _ = run("review", "list", "--json")
    (review,) = json.loads(out)["reviews"]
    assert (status, review["review"], review["until"]) == (0, "review-1", "2026-11-24T04:00:00+00:00")
    account.assert_all_asked()


def test_a_history_of_three_thousand_operations_is_read_in_pages_and_shown_short(account, run):
    events = [event(1, "ContextStarted", "research-agent")]
    for number in range(3000):
        for kind in ("StepStarted", "StepSucceeded"):
            events.append(event(len(events) + 1, kind, f"model-{number}", ParentId="research-agent"))
    pages = [events[start : start + 1000] for start in range(0, len(events), 1000)][::-1]
    answers = [
        history("one", *page, marker=str(at + 1) if at + 1 < len(pages) else "", after=str(at) if at else "")
        for at, page in enumerate(pages)
    ]
    for every, lines in ((), range(8, 20)), (("--all",), range(3000, 3020)):
        account.answers["lambda"] = [got("one", "RUNNING"), *answers]
        status, out, _ = run("show", arn_of("one"), *every)
        assert status == 0
        assert len(out.splitlines()) in lines
    account.assert_all_asked()
    assert "2994 more" not in out
