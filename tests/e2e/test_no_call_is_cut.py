"""Calls that take most of a real function's timeout: each is begun where it fits, cut by no kill, and paid once."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings

TIMEOUT, MARGIN, CALL = 26, 10, 8
"""After a call less than another one's time is left, however fast the process started."""

KILLS = [
    {"operation": "analysis-agent/model-1-deferred-1", "moment": "before"},
    {"operation": "summary-agent/model-1-deferred-1", "moment": "after"},
]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_process_killed_at_its_deferral_cuts_no_call_and_counts_no_attempt(tmp_path):
    assert TIMEOUT - MARGIN - CALL < 1.25 * CALL
    script = tmp_path / "replies.json"
    usage = {"inputTokens": 1000, "outputTokens": 100}
    script.write_text(json.dumps({"default": {"text": "a text", "delay_seconds": CALL, "usage": usage}}))
    settings = StackSettings(
        folder=tmp_path / "stack", model=["--script", str(script)], timeout_seconds=TIMEOUT,
        kill_rules=KILLS, crash_retry_seconds=0.05, skip_time=True,
    )  # fmt: skip
    with LocalStack(settings) as stack:
        answer = stack.client().invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, Payload=b'{"query": "tides"}')
        result = json.loads(answer["Payload"].read())
        calls, events = read_all(stack.calls), read_all(stack.events)

    assert result["status"] == "completed", result
    outcomes = Counter((line["agent"], line["event"]) for line in calls if line["event"] != "token")
    once = [(agent, event) for agent in ("research", "analysis", "summary") for event in ("started", "finished")]
    assert outcomes == Counter(once)
    agents = result["usage"]["agents"].values()
    assert [(agent["attempts"], agent["deferrals"]) for agent in agents] == [(1, 0), (1, 0), (1, 1)]
    assert (result["usage"]["model_calls"], result["usage"]["input_tokens"]) == (3, 3000)
    # the first deferral was never heard of, so the call began in the process that came next; the second one stands
    deferrals = [line["operation"] for line in events if line["event"] == "operation" and line["type"] == "WAIT"]
    assert deferrals == ["summary-agent/model-1-deferred-1"]
    ends = [line["status"] for line in events if line["event"] == "invocation_ended"]
    assert ends == ["died", "died", "SUCCEEDED"]
    assert [line["operation"] for line in events if line["event"] == "killed"] == [kill["operation"] for kill in KILLS]
