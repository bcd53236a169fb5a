"""A throttle at turn 9 of 10 costs one more HTTP call, and the Lambda does not run while it waits."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.crash_lab.scenarios.tools import TOOLS
from scripts.crash_lab.stack import LabStack
from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME

TURNS = 10
THROTTLED_TURN = 9
STEP = f"model-{THROTTLED_TURN}"
PATH = f"research-agent/{STEP}"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def script() -> dict[str, Any]:
    """Nine turns with a search each, the ninth throttled once, and an answer in the tenth."""
    usage = {"inputTokens": 1000, "outputTokens": 100}
    searching = [
        {
            "agent": "research",
            "turn": turn,
            "text": f"Turn {turn}.",
            "tool_uses": [{"name": "search", "input": {"query": f"turn {turn}"}}],
            "usage": usage,
            "faults": ["throttle"] if turn == THROTTLED_TURN else [],
        }
        for turn in range(1, TURNS)
    ]
    return {"replies": searching, "default": {"text": "An answer.", "usage": usage}}


@dataclass
class Seen:
    result: dict[str, Any]
    calls: list[dict[str, Any]]
    witness: list[dict[str, Any]]
    events: list[dict[str, Any]]
    history: list[dict[str, Any]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder: Path = tmp_path_factory.mktemp("stack")
    with LabStack(folder / "lab", TOOLS) as stack:
        stack.prepare(script=script(), kill_rules=[], hold=None)
        client = stack.client()
        reply = client.invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, Payload=json.dumps(TOOLS.event).encode())
        history = client.get_durable_execution_history(
            DurableExecutionArn=reply["DurableExecutionArn"], IncludeExecutionData=False, MaxItems=1000
        )
        return Seen(
            json.loads(reply["Payload"].read()),
            read_all(stack.calls),
            read_all(stack.witness),
            read_all(stack.events),
            [dict(event) for event in history["Events"]],
        )


def test_exactly_one_more_http_call_is_made(seen: Seen):
    made = Counter((line["agent"], line["turn"]) for line in seen.calls if line["event"] == "started")
    once = {("research", turn): 1 for turn in range(1, TURNS + 1)} | {("analysis", 1): 1, ("summary", 1): 1}

    assert made == once | {("research", THROTTLED_TURN): 2}
    failed = [(line["turn"], line["error"]) for line in seen.calls if line["event"] == "failed"]
    assert failed == [(THROTTLED_TURN, "ThrottlingException")]


def test_no_tool_is_run_again(seen: Seen):
    assert Counter(line["call"] for line in seen.witness if line["event"] == "started") == {
        f"search:turn {turn}": 1 for turn in range(1, TURNS)
    }


def test_the_function_ends_with_the_retry_and_another_process_goes_on(seen: Seen):
    told = [
        (line["event"], line.get("operation"), line.get("action"), line.get("status"))
        for line in seen.events
        if line["event"].startswith("invocation") or line.get("operation") == PATH
    ]
    pids = [line["pid"] for line in seen.events if line["event"] == "invocation_started"]

    assert told == [
        ("invocation_started", None, None, None),
        ("operation", PATH, "START", "STARTED"),
        ("operation", PATH, "RETRY", "PENDING"),
        ("invocation_ended", None, None, "PENDING"),
        ("invocation_started", None, None, None),
        ("operation", PATH, "START", "STARTED"),
        ("operation", PATH, "SUCCEED", "SUCCEEDED"),
        ("invocation_ended", None, None, "SUCCEEDED"),
    ]
    assert len(set(pids)) == 2


def test_the_engines_history_shows_the_suspension_between_the_two_attempts(seen: Seen):
    told = [
        event["EventType"]
        for event in seen.history
        if event.get("Name") == STEP or event["EventType"] == "InvocationCompleted"
    ]

    assert told == [
        "StepStarted",
        "StepFailed",
        "InvocationCompleted",
        "StepStarted",
        "StepSucceeded",
        "InvocationCompleted",
    ]
    failed = next(event for event in seen.history if event["EventType"] == "StepFailed")
    assert failed["StepFailedDetails"]["RetryDetails"]["NextAttemptDelaySeconds"] >= 1


def test_the_ledger_counts_the_call_once_and_the_attempt_twice(seen: Seen):
    research = seen.result["usage"]["agents"]["research"]
    attempts = {call["name"]: call["attempts"] for call in research["calls"] if call["kind"] == "model"}

    assert (research["model_calls"], research["attempts"]) == (TURNS, TURNS + 1)
    assert [name for name, count in attempts.items() if count > 1] == [STEP]
    assert (research["input_tokens"], research["output_tokens"]) == (1000 * TURNS, 100 * TURNS)
