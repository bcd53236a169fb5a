"""Tools that kill their process and models that misbehave, over real processes and the real Bedrock wire."""

import pytest

from tests.e2e.shared_stack import shared_stack

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
EVENT = {"query": "x"}


def worker(folder, options=""):
    """An agents folder with one agent, and where its tool writes that it ran."""
    agents, witness = folder / "agents", folder / "witness"
    (agents / "prompts").mkdir(parents=True)
    (agents / "prompts" / "worker.md").write_text("You are a worker.")
    (agents / "agents.toml").write_text(AGENTS_TOML.format(options=options))
    (agents / "tools.py").write_text(TOOLS.format(witness=str(witness)))
    witness.touch()
    return agents, witness


def script(*replies):
    return {"replies": replies, "default": {"text": "default", "usage": USAGE}}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stack")
    with shared_stack(folder, worker(folder)[0], MODEL_READ_TIMEOUT_SECONDS="1") as running:
        yield running


def reply(turn, text="", **more):
    return {"agent": "worker", "turn": turn, "text": text, "usage": USAGE, **more}


CALL_THE_TOOL = reply(1, tool_uses=[{"name": "die", "input": {}}])


def test_a_tool_that_kills_its_process_is_given_up_after_three_tries_and_the_model_is_told(tmp_path):
    agents, witness = worker(tmp_path)
    with shared_stack(tmp_path, agents) as stack:
        ended = stack.run(EVENT, script(CALL_THE_TOOL, reply(2, "went on without it")))
    assert ended.error is None
    assert ended.document["report"] == "went on without it"
    assert witness.read_text().count("ran") == 3
    assert ended.started("turn") == {1: 1, 2: 1}, "no model call was made again for the killed processes"
    (tool,) = [call for call in ended.document["usage"]["agents"]["worker"]["calls"] if call["kind"] == "tool"]
    assert tool["stop_reason"] == "error"


def test_a_tool_that_may_run_at_most_once_is_not_run_again_after_it_killed_its_process(tmp_path):
    agents, witness = worker(tmp_path, "[agents.tool_options.die]\nat_most_once = true")
    with shared_stack(tmp_path, agents) as stack:
        ended = stack.run(EVENT, script(CALL_THE_TOOL, reply(2, "went on")))
    assert (ended.error, ended.document["report"]) == (None, "went on")
    assert witness.read_text().count("ran") == 1
    assert ended.started("turn") == {1: 1, 2: 1}


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
    stack, first, error_type, calls
):
    ended = stack.run(EVENT, script(first))
    assert ended.error is not None
    assert ended.document["errorType"] == error_type
    if calls is not None:
        assert ended.started("turn") == {1: calls}


@pytest.mark.parametrize("fault", ["throttle_midstream", "disconnect_midstream", "error_midstream", "model_timeout"])
def test_a_broken_reply_is_made_once_more_and_then_stands(stack, fault):
    ended = stack.run(EVENT, script(reply(1, "the whole answer", faults=[fault])))
    assert (ended.error, ended.document["report"]) == (None, "the whole answer")
    assert ended.started("turn") == {1: 2}


def test_a_model_that_loops_for_ever_is_stopped_at_its_turns(stack):
    unknown = [reply(turn, tool_uses=[{"name": "no_such_tool", "input": {}}]) for turn in range(1, 9)]
    ended = stack.run(EVENT, script(*unknown))
    assert ended.error is not None
    assert ended.document["errorType"] == "AgentLimitReached"
    assert ended.started("turn") == {1: 1, 2: 1, 3: 1, 4: 1}
