"""Every broken rule of what an event may say of topics, a review and a batch: typed, in one process, no model asked."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings
from tests.e2e.test_local_stack import script

pytestmark = pytest.mark.slow

QUERY = {"query": "edge computing"}
TWO = ["hardware", "economics"]
BATCH: list[dict[str, Any]] = [{"query": "a"}, {"query": "b"}]
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "one topic": ({"topics": ["a"]}, "2 to 20 topics"),
    "no topic": ({"topics": []}, "2 to 20 topics"),
    "21 topics": ({"topics": [str(number) for number in range(21)]}, "2 to 20 topics"),
    "the same topic after trimming": ({"topics": ["économie", " économie\n"]}, "different topics after trimming"),
    "the same topic in another script": ({"topics": ["量子", "\u3000量子 "]}, "different topics after trimming"),
    "an empty topic": ({"topics": ["a", " "]}, "at least 1 character"),
    "an invisible topic": ({"topics": ["a", "\u200b"]}, "can be seen"),
    "half a surrogate pair": ({"topics": ["a", "\ud800"]}, "topics"),
    "a long topic": ({"topics": ["a", "b" * 201]}, "at most 200 characters"),
    "a number for a topic": ({"topics": ["a", 2]}, "valid string"),
    "a list for a topic": ({"topics": ["a", ["b"]]}, "valid string"),
    "another word than auto": ({"topics": "AUTO"}, '"auto"'),
    "null topics": ({"topics": None}, "2 to 20 topics"),
    "topics as an object": ({"topics": {"a": "b"}}, "2 to 20 topics"),
    "a negative allowance": ({"topics": TWO, "max_failed_topics": -1}, "max_failed_topics"),
    "a large allowance": ({"topics": TWO, "max_failed_topics": 21}, "max_failed_topics"),
    "an allowance that is a truth": ({"topics": TWO, "max_failed_topics": True}, "max_failed_topics"),
    "an allowance that is a word": ({"topics": TWO, "max_failed_topics": "1"}, "max_failed_topics"),
    "a review that is a number": ({"review": 1}, "true, false or an object"),
    "a review that is a word": ({"review": "yes"}, "true, false or an object"),
    "a review that is null": ({"review": None}, "true, false or an object"),
    "a review that is a list": ({"review": [True]}, "true, false or an object"),
    "a review after nothing": ({"review": {"after": "research"}}, "'analysis' or 'report'"),
    "a short review": ({"review": {"timeout_seconds": 59}}, "greater than or equal to 60"),
    "a long review": ({"review": {"timeout_seconds": 31_622_401}}, "less than or equal to 31622400"),
    "half a second": ({"review": {"timeout_seconds": 60.5}}, "timeout_seconds"),
    "a timeout that is a word": ({"review": {"timeout_seconds": "60"}}, "timeout_seconds"),
    "an end nobody knows": ({"review": {"on_timeout": "ignore"}}, "'reject', 'approve' or 'escalate'"),
    "no round": ({"review": {"max_rounds": 0}}, "greater than or equal to 1"),
    "11 rounds": ({"review": {"max_rounds": 11}}, "less than or equal to 10"),
    "an unknown field of a review": ({"review": {"reviewers": 2}}, "unknown field"),
    "a review beside queries": ({"queries": BATCH, "review": True}, "must stand alone"),
    "topics beside queries": ({"queries": BATCH, "topics": TWO}, "must stand alone"),
    "a query beside queries": ({"queries": BATCH, **QUERY}, "must stand alone"),
    "one query of a batch": ({"queries": BATCH[:1]}, "2 to 50 requests"),
    "51 queries": ({"queries": [{"query": str(number)} for number in range(51)]}, "2 to 50 requests"),
    "a batch in a batch": ({"queries": [*BATCH, {"queries": BATCH}]}, "queries[2] must hold no queries"),
    "a broken review in a batch": ({"queries": [*BATCH, {"query": "c", "review": 1}]}, "queries[2]: review"),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What each broken event was answered, what the model's endpoint saw, and how many processes ran."""
    folder = tmp_path_factory.mktemp("bad-events")
    settings = StackSettings(
        folder=folder / "stack", model=["--script", str(script(folder))], concurrent_invocations=2, skip_time=True
    )
    with LocalStack(settings) as stack, ThreadPoolExecutor(4) as pool:
        answered = list(pool.map(lambda event: _answer(stack, event), [event for event, _ in BROKEN.values()]))
        return dict(zip(BROKEN, answered, strict=True)), read_all(stack.calls), read_all(stack.events)


def _answer(stack: LocalStack, broken: dict[str, Any]) -> tuple[str | None, Any]:
    payload = json.dumps(broken if "queries" in broken else {**QUERY, **broken}).encode()
    reply = stack.client().invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, Payload=payload)
    return reply.get("FunctionError"), json.loads(reply["Payload"].read())


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_a_rule_is_refused_typed_with_the_rule(answers, name: str):
    error, document = answers[0][name]
    assert (error, document["errorType"]) == ("Unhandled", "InvalidRequest")
    assert BROKEN[name][1] in document["errorMessage"]


def test_no_token_was_spent_on_any_of_them_and_none_was_tried_again(answers):
    _, calls, events = answers
    assert calls == []
    assert sum(event["event"] == "invocation_started" for event in events) == len(BROKEN)
