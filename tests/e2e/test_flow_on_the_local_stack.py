"""Topics and a review in real processes that are killed: no call is repeated, each round is asked once."""

import json
import time
from collections import Counter
from typing import Any

import pytest

from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings
from tests.e2e.shared_stack import processes
from tests.e2e.test_local_stack import script
from tests.fakes import declare_agents
from tests.workflow.flows import with_packaged_flow

pytestmark = pytest.mark.slow

EVENT = {"query": "edge computing", "topics": ["hardware", "economics", "security"], "review": True}
KILLS = [
    {"operation": "2-economics", "action": "SUCCEED", "moment": "after"},
    {"operation": "research-topics", "action": "SUCCEED", "moment": "after"},
    {"operation": "review-1", "action": "START", "moment": "after"},
]


def open_callback(client: Any, execution: str, name: str) -> str:
    """The id of the callback `name`, once the execution waits for it."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        page = client.get_durable_execution_history(DurableExecutionArn=execution, IncludeExecutionData=True)
        for event in page["Events"]:
            if event["EventType"] == "CallbackStarted" and event.get("Name") == name:
                return str(event["CallbackStartedDetails"]["CallbackId"])
        time.sleep(0.2)
    raise AssertionError(f"nobody asked {name}")


def ended(client: Any, execution: str) -> dict[str, Any]:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        details: dict[str, Any] = client.get_durable_execution(DurableExecutionArn=execution)
        if details["Status"] != "RUNNING":
            return details
        time.sleep(0.2)
    raise AssertionError("the execution did not end")


def test_killed_in_the_topics_and_in_the_review_no_call_is_repeated_and_each_round_is_asked_once(tmp_path):
    agents = with_packaged_flow(declare_agents(tmp_path / "agents"))
    settings = StackSettings(
        folder=tmp_path / "stack",
        model=["--script", str(script(tmp_path))],
        kill_rules=KILLS,
        environment={"AGENTS_FOLDER": str(agents), "RETRY_INITIAL_DELAY_SECONDS": "1"},
        crash_retry_seconds=0.05,
        skip_time=True,
    )
    with LocalStack(settings) as stack:
        client = stack.client()
        payload = json.dumps(EVENT).encode()
        started = client.invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, InvocationType="Event", Payload=payload)
        execution = started["DurableExecutionArn"]
        for name, answer in (
            ("review-1", {"decision": "revise", "comments": "shorter"}),
            ("review-2", {"decision": "approve", "reviewer": "Ada"}),
        ):
            callback = open_callback(client, execution, name)
            client.send_durable_execution_callback_success(CallbackId=callback, Result=json.dumps(answer).encode())
        details = ended(client, execution)
        calls = Counter(call["agent"] for call in read_all(stack.calls) if call["event"] == "started")
        events = read_all(stack.events)
    assert details["Status"] == "SUCCEEDED", details
    result = json.loads(details["Result"])
    assert (result["status"], [entry["decision"] for entry in result["review"]]) == ("completed", ["revise", "approve"])
    assert [topic["status"] for topic in result["topics"]] == ["completed"] * 3
    assert len(set(processes(events))) > len(KILLS)
    made = sum(calls[agent] for agent in ("research", "analysis", "summary"))
    # a call that was under way in another branch when its process was killed is made again, a finished one never
    assert 6 <= made <= 6 + 2
    assert (calls["analysis"], calls["summary"], result["usage"]["model_calls"]) == (1, 2, 6)
