"""Tools that kill their process and models that misbehave, over real processes and the real Bedrock wire."""

import json
from collections import Counter

import pytest

from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

AGENTS_TOML = """
[[agents]]
name = "worker"
inputs = ["query"]
model = "us.anthropic.claude-sonnet-4-6"
max_tokens = 100
tools = ["die"]
{options}
[agents.limits]
turns = 4
"""
TOOLS = """
import os, signal
from pathlib import Path
from strands import tool

@tool
def die() -> str:
    "Kill the process that runs it."
    with open({witness!r}, "a") as file:
        file.write("ran\\n")
        file.flush()
        os.fsync(file.fileno())
    os.kill(os.getpid(), signal.SIGKILL)
"""
USAGE = {"inputTokens": 100, "outputTokens": 50}


def run(tmp_path, replies, options=""):
    """One execution of one agent; returns (function error, document, model calls started by turn, runs of the tool)."""
    folder, witness = tmp_path / "agents", tmp_path / "witness"
    (folder / "prompts").mkdir(parents=True)
    (folder / "prompts" / "worker.md").write_text("You are a worker.")
    (folder / "agents.toml").write_text(AGENTS_TOML.format(options=options))
    (folder / "tools.py").write_text(TOOLS.format(witness=str(witness)))
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"replies": replies, "default": {"text": "default", "usage": USAGE}}))
    settings = StackSettings(
        folder=tmp_path / "stack",
        model=["--script", str(script)],
        environment={
            "RETRY_INITIAL_DELAY_SECONDS": "1",
            "MODEL_READ_TIMEOUT_SECONDS": "1",
            "AGENTS_FOLDER": str(folder),
        },
        crash_retry_seconds=0.05,
        skip_time=True,
    )
    with LocalStack(settings) as stack:
        answer = stack.client().invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, Payload=b'{"query": "x"}')
        document = json.loads(answer["Payload"].read())
        turns = Counter(call["turn"] for call in read_all(stack.calls) if call["event"] == "started")
    runs = witness.read_text().count("ran") if witness.exists() else 0
    return answer.get("FunctionError"), document, dict(turns), runs


def reply(turn, text="", **more):
    return {"agent": "worker", "turn": turn, "text": text, "usage": USAGE, **more}


CALL_THE_TOOL = reply(1, tool_uses=[{"name": "die", "input": {}}])


def test_a_tool_that_kills_its_process_is_given_up_after_three_tries_and_the_model_is_told(tmp_path):
    error, document, turns, runs = run(tmp_path, [CALL_THE_TOOL, reply(2, "went on without it")])
    assert error is None
    assert document["report"] == "went on without it"
    assert runs == 3
    assert turns == {1: 1, 2: 1}, "no model call was made again for the killed processes"
    (tool,) = [call for call in document["usage"]["agents"]["worker"]["calls"] if call["kind"] == "tool"]
    assert tool["stop_reason"] == "error"


def test_a_tool_that_may_run_at_most_once_is_not_run_again_after_it_killed_its_process(tmp_path):
    options = "[agents.tool_options.die]\nat_most_once = true"
    error, document, turns, runs = run(tmp_path, [CALL_THE_TOOL, reply(2, "went on")], options)
    assert (error, document["report"]) == (None, "went on")
    assert runs == 1
    assert turns == {1: 1, 2: 1}


@pytest.mark.parametrize(
    ("first", "error_type", "calls"),
    [
        (reply(1, "cut", stop_reason="max_tokens"), "ModelLimitReached", 1),
        (reply(1, "no", stop_reason="guardrail_intervened"), "GuardrailIntervened", 1),
        (reply(1, "no", stop_reason="content_filtered"), "ContentFiltered", 1),
        (reply(1, ""), "EmptyModelReply", 1),
        (reply(1, "x", faults=["context_overflow"] * 9), "ContextWindowExceeded", None),
        (reply(1, "x", faults=["validation"] * 9), "ModelRequestInvalid", 1),
        (reply(1, "x", faults=["access_denied"] * 9), "ModelAccessDenied", 1),
        (reply(1, "x", faults=["not_found"] * 9), "ModelNotFound", 1),
        (reply(1, "x", faults=["quota"] * 9), "ModelQuotaExceeded", 1),
        (reply(1, "x", faults=["throttle"] * 9), "ModelThrottled", 3),
        (reply(1, "x y z", faults=["disconnect_midstream"] * 9), "ModelStreamBroken", 3),
        (reply(1, "x y z", faults=["stall_midstream"] * 9), "ModelTimedOut", 3),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_model_that_gives_no_answer_is_a_typed_failure_and_permanent_ones_are_called_once(
    tmp_path, first, error_type, calls
):
    error, document, turns, _ = run(tmp_path, [first])
    assert error is not None
    assert document["errorType"] == error_type
    if calls is not None:
        assert turns == {1: calls}


@pytest.mark.parametrize("fault", ["throttle_midstream", "disconnect_midstream", "error_midstream", "model_timeout"])
def test_a_broken_reply_is_made_once_more_and_then_stands(tmp_path, fault):
    error, document, turns, _ = run(tmp_path, [reply(1, "the whole answer", faults=[fault])])
    assert (error, document["report"]) == (None, "the whole answer")
    assert turns == {1: 2}


def test_a_model_that_loops_for_ever_is_stopped_at_its_turns(tmp_path):
    unknown = [reply(turn, tool_uses=[{"name": "no_such_tool", "input": {}}]) for turn in range(1, 9)]
    error, document, turns, _ = run(tmp_path, unknown)
    assert error is not None
    assert document["errorType"] == "AgentLimitReached"
    assert turns == {1: 1, 2: 1, 3: 1, 4: 1}
