"""request.py: what a caller may ask for."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent_workflow.batch_request import parse_event
from agent_workflow.errors import InvalidRequest
from agent_workflow.request import parse_request

EVENTS = Path(__file__).parents[2] / "events"


def event(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text())


def test_the_query_alone_is_enough():
    request = parse_request(event("minimal"))
    assert (request.query, request.demo_checkpoint, request.budget_usd) == ("AWS Lambda durable functions", False, None)


def test_the_query_is_trimmed():
    assert parse_request(event("padded-query")).query == "edge computing"


@pytest.mark.parametrize("length", [1, 2_000])
def test_a_query_at_a_limit_is_accepted_and_padding_does_not_count(length: int):
    assert parse_request({"query": " " + "ü" * length + " "}).query == "ü" * length


@pytest.mark.parametrize(
    ("given", "read"),
    [("0.50", "0.50"), (0.1, "0.1"), (1, "1"), (10_000, "10000"), ("10000", "10000"), (0.000001, "0.000001")],
)
def test_a_budget_is_read_exactly_from_a_number_or_a_string(given: Any, read: str):
    assert parse_request({"query": "q", "budget_usd": given}).budget_usd == Decimal(read)


def test_a_request_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        parse_request(event("minimal")).query = "another"


REFUSED = {
    "invalid-null": "the event must be a JSON object, got null",
    "invalid-list": "the event must be a JSON object, got a list of 1 values",
    "invalid-string": "the event must be a JSON object, got a string of length 14",
    "invalid-empty": "query is required",
    "invalid-blank-query": "query: string should have at least 1 character, got a string of length 0",
    "invalid-long-query": "query: string should have at most 2000 characters, got a string of length 2001",
    "invalid-number-query": "query: input should be a valid string, got 42",
    "invalid-null-query": "query: input should be a valid string, got null",
    "invalid-lone-surrogate": "got a string of length 16",
    "invalid-batch-with-review": "queries must stand alone or with budget_usd, got 'review'",
    "invalid-batch-of-batches": "queries[1] must hold no queries of its own",
    "invalid-batch-of-one": "queries must be a list of 2 to 50 requests, got a list of 1 values",
    "invalid-batch-and-query": "queries must stand alone or with budget_usd, got 'query'",
    "invalid-batch-blank-query": "queries[1]: query: string should have at least 1 character, got a string of length 0",
    "invalid-unknown-field": "unknown field 'topic'",
    "invalid-text-demo-checkpoint": "demo_checkpoint: input should be a valid boolean, got a string of length 3",
    "invalid-null-budget": "at most 10000, got null",
    "invalid-zero-budget": "at most 10000, got 0",
    "invalid-negative-budget": "at most 10000, got -1.5",
    "invalid-word-budget": "at most 10000, got a string of length 5",
    "invalid-boolean-budget": "at most 10000, got true",
    "invalid-absurd-budget": "at most 10000, got 1000000000000.0",
    "invalid-one-topic": 'must be a list of 2 to 20 topics, or "auto", got a list of 1 values',
    "invalid-topic-twice": "topics: must be different topics after trimming, got a list of 2 values",
    "invalid-review-after": "review.after: input should be 'analysis' or 'report', got a string of length 5",
    "invalid-tenant": "tenant: must be a string of 1 to 64 of A-Z a-z 0-9 . _ -, got a string of length 9",
    "invalid-redrive": "redrive.execution_arn is required",
    "invalid-failed-topics": "max_failed_topics: input should be less than or equal to 20, got 21",
}


def test_every_invalid_event_has_its_expected_message():
    assert {file.stem for file in EVENTS.glob("invalid-*.json")} == REFUSED.keys()


@pytest.mark.parametrize("name", REFUSED)
def test_fails_when_the_event_breaks_a_rule_in_one_line_with_the_value_got(name: str):
    with pytest.raises(InvalidRequest) as refused:
        parse_event(event(name))
    assert str(refused.value).endswith(REFUSED[name])
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "amount", [float("nan"), float("inf"), "NaN", "Infinity", "1e3", "1_0", " 1", "+1", "٣", "", [], {}]
)
def test_fails_when_a_budget_is_no_plain_finite_number(amount: Any):
    with pytest.raises(InvalidRequest, match="budget_usd"):
        parse_request({"query": "q", "budget_usd": amount})


@pytest.mark.parametrize("tenant", ["a", "Z" * 64, "acme-2.eu_west"])
def test_a_tenant_is_read_as_it_is_written(tenant: str):
    assert parse_request({"query": "q", "tenant": tenant}).tenant == tenant


@pytest.mark.parametrize("tenant", ["", "a" * 65, "acme\n", " acme", "ä", "tenant#acme", 7, None, ["acme"]])
def test_fails_when_a_tenant_is_no_plain_name(tenant: Any):
    with pytest.raises(InvalidRequest, match="tenant: must be a string of 1 to 64"):
        parse_request({"query": "q", "tenant": tenant})


@pytest.mark.parametrize("given", ["9" * 500, 10**400])
def test_a_long_value_is_cut_in_the_message(given: Any):
    with pytest.raises(InvalidRequest) as refused:
        parse_request({"query": "q", "budget_usd": given})
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    "given",
    [
        "my secret topic",
        {"query": ["my secret topic"]},
        {"query": "my secret topic " * 200},
        {"query": "q", "demo_checkpoint": "my secret topic"},
        {"query": "q", "budget_usd": "my secret topic"},
        {"query": "q", "my secret topic": 1},
        {"Records": "my secret topic"},
    ],
)
def test_the_query_is_never_repeated_in_a_message_because_messages_are_logged(given: Any):
    with pytest.raises(InvalidRequest) as refused:
        parse_request(given)
    chain = [refused.value, refused.value.__cause__]
    assert "secret" not in repr(chain)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize("query", ["\u200b", "\u2060\ufeff", "\u00ad", "\u3164", "\u2800", "\u0301", "\u202e \u200d"])
def test_fails_when_nothing_of_the_query_can_be_seen(query: str):
    with pytest.raises(InvalidRequest, match=r"must hold a character that can be seen|at least 1 character"):
        parse_request({"query": query})


@pytest.mark.parametrize("query", ["?", "é", "e\u0301", "日本", "\u200bx", "🚀"])
def test_a_query_of_any_script_is_accepted(query: str):
    assert parse_request({"query": query}).query


def sqs(*bodies: Any) -> dict[str, Any]:
    return {"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": body} for body in bodies]}


def test_the_one_message_of_a_queue_is_the_request():
    assert parse_request(sqs('{"query": " tides ", "demo_checkpoint": true}')).model_dump(exclude_unset=True) == {
        "query": "tides",
        "demo_checkpoint": True,
    }


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (sqs(), "an event with Records must hold one SQS message, got a list of 0 values"),
        (sqs("{}", "{}"), "an event with Records must hold one SQS message, got a list of 2 values"),
        ({"Records": 7}, "an event with Records must hold one SQS message, got 7"),
        (sqs("tides"), "the body of an SQS message must be JSON, got a string of length 5"),
        (sqs("[" * 20_000), "the body of an SQS message must be JSON, got a string of length 20000"),
        (sqs("[]"), "the event must be a JSON object, got a list of 0 values"),
        (sqs("{}"), "query is required"),
    ],
)
def test_fails_when_a_queue_sends_no_request(event, message):
    with pytest.raises(InvalidRequest) as refused:
        parse_request(event)
    assert str(refused.value) == message
