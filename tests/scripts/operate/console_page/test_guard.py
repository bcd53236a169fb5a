"""Who may speak to the console, and what it answers to requests that make no sense."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from scripts.operate.console_page.app import LARGEST_REQUEST, build_app
from tests.scripts.operate.stubbed import Account, Answer, arn_of, details, summary

HOST, TOKEN = "127.0.0.1:8123", "the-token"
KNOWN = {"authorization": f"Bearer {TOKEN}"}
ROUTES = (
    ("GET", "executions"), ("GET", "text"), ("GET", "asked"), ("GET", "result"), ("GET", "events"),
    ("POST", "start"), ("POST", "act"), ("POST", "answer"), ("POST", "ag-ui"),
)  # fmt: skip


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def console(account: Account) -> TestClient:
    app = build_app(account.place(alias_arn=summary("x")["FunctionArn"]), hosts=frozenset({HOST}), token=TOKEN)
    return TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=True)


def test_every_route_under_api_is_in_the_table_of_these_tests(console):
    paths = {
        (method, route.path.removeprefix("/api/"))
        for route in console.app.routes
        if route.path.startswith("/api/")
        for method in route.methods - {"HEAD"}
    }
    assert paths == set(ROUTES)


@pytest.mark.parametrize(("method", "route"), ROUTES)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer the-toke"},
        {"authorization": TOKEN + "n"},
        {**KNOWN, "host": "console.example:8123"},
        {**KNOWN, "host": "127.0.0.1:9999"},
        {**KNOWN, "origin": "https://site.example"},
        {**KNOWN, "origin": "null"},
        {**KNOWN, "origin": f"https://{HOST}"},
        {**KNOWN, "origin": "http://127.0.0.1:8124"},
        {**KNOWN, "sec-fetch-site": "cross-site"},
        {**KNOWN, "sec-fetch-site": "same-site"},
    ],
    ids=str,
)
def test_fails_without_the_token_or_from_another_site_and_asks_aws_nothing(console, account, method, route, headers):
    answer = console.request(method, f"/api/{route}?arn=x", headers=headers, json={} if method == "POST" else None)
    assert answer.status_code == 403
    assert "Bearer" not in answer.text
    assert account.calls == []


@pytest.mark.parametrize("query", ["", "?token=", "?token=another", "?token=%ff", f"?Token={TOKEN}"])
def test_fails_when_the_stream_is_asked_for_without_the_token(console, account, query):
    assert console.get(f"/api/events{query}").status_code == 403
    assert account.calls == []


def test_the_page_itself_needs_no_token_holds_no_data_and_may_load_nothing_from_elsewhere(console):
    page = console.get("/")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    for file in ("page.js", "page.css", "api.js", "words.js", "timeline.js", "answer.js"):
        served = console.get(f"/static/{file}")
        assert served.status_code == 200
        assert "://" not in served.text.replace("https?://", "").replace("/^https?:\\/\\//i", ""), file
    assert console.get("/static/../app.py").status_code == 404
    assert console.get("/static/%2e%2e/app.py").status_code == 404


@pytest.mark.parametrize("word", ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "srcdoc"])
def test_no_text_can_become_markup(console, word):
    for file in ("page.js", "api.js", "words.js", "timeline.js", "answer.js"):
        assert word not in console.get(f"/static/{file}").text


@pytest.mark.parametrize(
    ("route", "given", "says"),
    [
        ("start", {}, "TOPIC must be 1 to 2,000 characters"),
        ("start", {"topic": "x" * 2001}, "TOPIC must be 1 to 2,000 characters"),
        ("start", {"topic": "x", "name": "no name"}, "--name must be 1 to 64"),
        ("act", {"arn": "a/b", "act": "destroy"}, "act must be stop, pause or resume, got 'destroy'"),
        ("act", {"act": "stop"}, "arn must be a text, got None"),
        ("answer", {"arn": "a/b", "name": "review-1"}, "answer must be an object with a decision"),
        ("answer", {"arn": "a/b", "name": "review-1", "answer": {"decision": "maybe"}}, "decision must be"),
        ("answer", {"arn": "a/b", "name": "review-1", "answer": {"decision": "edit"}}, "text must be"),
        ("answer", {"arn": ["a"], "name": "review-1"}, "arn must be a text, got ['a']"),
    ],
)
def test_fails_with_one_line_before_aws_is_asked(console, account, route, given, says):
    answer = console.post(f"/api/{route}", headers=KNOWN, json=given)
    assert answer.status_code == 400
    assert says in answer.json()["message"]
    assert account.calls == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b"x" * (LARGEST_REQUEST + 1)], ids=len)
def test_fails_when_a_request_is_no_small_json_object(console, account, body):
    answer = console.post("/api/act", headers=KNOWN, content=body)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("a request must be")
    assert account.calls == []


@pytest.mark.parametrize("route", ["text", "asked", "result", "events"])
def test_fails_when_there_is_no_such_execution(console, account, route):
    arn = arn_of("gone")
    account.on("lambda", Answer("get_durable_execution", None, code="ResourceNotFoundException"))
    answer = console.get(f"/api/{route}", params={"arn": arn, "id": "0", "name": "review-1"}, headers=KNOWN)
    assert (answer.status_code, answer.json()["message"]) == (
        404, f"there is no execution {arn}: it never was, or its retention is over",
    )  # fmt: skip


def test_a_refusal_of_aws_names_the_action_and_the_grant(console, account):
    account.on("lambda", Answer("list_durable_executions_by_function", None, code="AccessDeniedException"))
    answer = console.get("/api/executions", headers=KNOWN)
    assert answer.status_code == 403
    assert answer.json()["message"] == (
        "not allowed: lambda:ListDurableExecutionsByFunction; pipeline.grant_review(...) in the CDK app gives it"
    )


def test_a_history_that_ages_out_while_it_is_watched_is_said_and_what_was_read_stays(account, monkeypatch):
    monkeypatch.setattr("scripts.operate.console_page.watched.LOOK_SECONDS", 0)
    monkeypatch.setattr("scripts.operate.console_page.app.LOOK_SECONDS", 0)
    account.on(
        "lambda",
        Answer("get_durable_execution", None, details("aging", "RUNNING")),
        Answer("get_durable_execution_history", None, {"Events": []}),
        Answer("get_durable_execution", None, details("aging", "RUNNING")),
        Answer("get_durable_execution_history", None, {"Events": []}),
        Answer("get_durable_execution", None, code="ResourceNotFoundException"),
    )
    app = build_app(account.place(alias_arn=summary("x")["FunctionArn"]), hosts=frozenset({HOST}), token=TOKEN)
    arn = arn_of("aging")
    told = TestClient(app, base_url=f"http://{HOST}").get("/api/events", params={"arn": arn, "token": TOKEN}).text
    events = [part.split("\n") for part in told.strip().split("\n\n") if not part.startswith(":")]
    assert [next(line for line in event if line.startswith("event:")) for event in events] == [
        "event: look", "event: lost",
    ]  # fmt: skip
    lost = json.loads(events[-1][-1].removeprefix("data: "))
    assert lost == {"message": f"there is no execution {arn}: it never was, or its retention is over"}
    account.assert_all_asked()


def test_an_execution_whose_retention_ended_between_two_calls_stays_in_the_list(console, account):
    rows: list[Any] = [summary("old", "SUCCEEDED")]
    account.on(
        "lambda",
        Answer("list_durable_executions_by_function", None, {"DurableExecutions": rows}),
        Answer("get_durable_execution", None, code="ResourceNotFoundException"),
    )
    (row,) = console.get("/api/executions", headers=KNOWN).json()["executions"]
    assert (row["name"], row["usd"], row["status"]) == ("old", None, "SUCCEEDED")


def test_a_list_of_many_that_run_reads_few_of_them_each_time_and_every_one_in_turn(console, account):
    rows: list[Any] = [summary(f"one-{number}", "RUNNING") for number in range(10)]
    for _ in range(3):
        account.on("lambda", Answer("list_durable_executions_by_function", None, {"DurableExecutions": rows}))
    read = [(f"one-{number}", "RUNNING") for number in range(10)]
    answers: list[Answer] = []
    for name, status in read:
        answers += [
            Answer("get_durable_execution", {"DurableExecutionArn": arn_of(name), "IncludeExecutionData": True},
                   details(name, status)),
            Answer("get_durable_execution_history", None, {"Events": []}),
        ]  # fmt: skip
    listed = account.answers["lambda"]
    first, second, third = listed[:3]
    account.answers["lambda"] = [first, *answers[:8], second, *answers[8:16], third, *answers[16:]]
    for _ in range(3):
        assert console.get("/api/executions", headers=KNOWN).status_code == 200
    assert account.calls.count(("lambda", "GetDurableExecution")) == 10
    account.assert_all_asked()
