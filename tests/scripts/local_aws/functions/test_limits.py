"""What Lambda limits, and what becomes of events that came to nothing."""

import asyncio
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from scripts.local_aws.functions.crashed import CrashedInvocations
from scripts.local_aws.functions.dead_letters import DeadLetters
from scripts.local_aws.functions.limits import Limits
from scripts.local_aws.processes.journal import Journal, read_all


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "events.jsonl")


def written(tmp_path: Path) -> list[str]:
    return [line["event"] for line in read_all(tmp_path / "events.jsonl")]


def test_an_invocation_beyond_the_limit_is_refused_and_tried_again_until_there_is_room(journal, tmp_path):
    limits = Limits(journal, 60, concurrent_invocations=1)
    order: list[str] = []

    async def invoke(name: str, release: asyncio.Event | None = None) -> None:
        async with limits.invocation(name):
            order.append(name)
            if release:
                await release.wait()

    async def both() -> None:
        release = asyncio.Event()
        first = asyncio.create_task(invoke("first", release))
        await asyncio.sleep(0)
        second = asyncio.create_task(invoke("second"))
        while "invocation_throttled" not in written(tmp_path):  # noqa: ASYNC110 - a file tells of no event
            await asyncio.sleep(0)
        assert order == ["first"]
        release.set()
        await asyncio.gather(first, second)

    asyncio.run(both())
    assert order == ["first", "second"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"speed": 1}, "a limit must be one of execution_timeout_seconds, .*, got 'speed'"),
        ({"concurrent_invocations": "2"}, "concurrent_invocations must be a number of at least 0, got '2'"),
        ({"execution_timeout_seconds": True}, "execution_timeout_seconds must be a number of at least 0, got True"),
        ({"max_event_age_seconds": -1}, "max_event_age_seconds must be a number of at least 0, got -1"),
    ],
)
def test_fails_when_a_limit_breaks_its_rule_and_changes_none(journal, given: dict[str, Any], words: str):
    limits = Limits(journal, 60)
    with pytest.raises(ValueError, match=words):
        limits.replace({"concurrent_invocations": 3, **given})
    assert limits.concurrent_invocations is None


def test_a_dead_letter_is_the_event_with_the_error_beside_it_and_one_that_is_refused_is_lost(journal, tmp_path):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        url = "http://{}:{}".format(*server.get_host_and_port())
        session: Any = boto3.Session("123456789012", "local", region_name="us-east-1")
        sqs = session.client("sqs", endpoint_url=url)
        queue = sqs.create_queue(QueueName="letters")["QueueUrl"]
        letters = DeadLetters(journal, queue)
        asyncio.run(letters.send('{"query": "x"}', code="429", message="Rate Exceeded." * 100))
        (got,) = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"])["Messages"]
        sqs.delete_queue(QueueUrl=queue)
        asyncio.run(letters.send("{}", code="200", message="no"))
    finally:
        server.stop()
    attributes = {name: value["StringValue"] for name, value in got["MessageAttributes"].items()}
    assert (got["Body"], attributes["ErrorCode"], len(attributes["ErrorMessage"])) == ('{"query": "x"}', "429", 1024)
    assert written(tmp_path) == ["dead_letter_sent", "dead_letter_lost"]


def test_without_a_queue_nothing_is_sent(journal, tmp_path):
    asyncio.run(DeadLetters(journal).send("{}", code="200", message="no"))
    assert written(tmp_path) == []


def test_a_crashed_invocation_stands_in_the_history_at_its_time_whichever_way_it_is_read():
    crashed = CrashedInvocations()
    crashed.note("one", 2.0, 3.0, json.dumps({"errorType": "Runtime.ExitError", "errorMessage": "killed"}).encode())
    events = [
        {"EventType": "ExecutionStarted", "EventTimestamp": 1.0},
        {"EventType": "StepStarted", "EventTimestamp": 4},
    ]
    page = crashed.page("one", events, {})
    assert [event["EventType"] for event in page["Events"]] == [
        "ExecutionStarted",
        "InvocationCompleted",
        "StepStarted",
    ]
    error = page["Events"][1]["InvocationCompletedDetails"]["Error"]["Payload"]
    assert error == {"ErrorType": "Runtime.ExitError", "ErrorMessage": "killed"}
    first = crashed.page("one", events, {"ReverseOrder": "true", "MaxItems": "2"})
    assert ([event["EventId"] for event in first["Events"]], first["NextMarker"]) == ([3, 2], "2")
    rest = crashed.page("one", events, {"ReverseOrder": "true", "MaxItems": "2", "Marker": "2"})
    assert ([event["EventId"] for event in rest["Events"]], "NextMarker" in rest) == ([1], False)
    assert not crashed.has("two")
