"""An agent that a durable tool runs: each call once, in the ledger of the agent that called the tool."""

from __future__ import annotations

from functools import partial

import pytest
from strands import Agent

from durable_strands import AgentFailed, durable_tool, never_retry, run
from durable_strands.errors import ModelThrottled
from durable_strands.testing import EVERY_CALL, Reply, ScriptedModel, run_locally, suspended
from tests.lambda_src.durable_strands.engine import Watcher, on_engine

CALLS = [("outer", "model-1"), ("inner", "model-1"), ("outer", "tool-1-ask"), ("outer", "model-2")]


def asking(inner: ScriptedModel, observer: Watcher | None):
    @durable_tool
    def ask(context, question: str) -> str:
        """Ask.

        Args:
            question: What.
        """
        agent = partial(Agent, model=inner, callback_handler=None)
        return run(context, agent, question, name="inner", retry=never_retry, observer=observer).text

    return ask


def body(inner, outer, watcher, context, *, own_observer):
    watcher.start_pass()
    tool = asking(inner, watcher if own_observer else None)
    agent = partial(Agent, model=outer, tools=[tool], callback_handler=None)
    finished = run(context, agent, "go", name="outer", observer=watcher)
    return [[call.agent, call.name, call.usage and call.usage.output_tokens] for call in finished.calls]


@pytest.mark.parametrize("own_observer", [True, False])
@pytest.mark.parametrize("suspend_at", [None, EVERY_CALL])
def test_calls_of_an_agent_in_a_tool_are_told_once_a_pass_and_kept_with_the_outer_run(own_observer, suspend_at):
    from aws_durable_execution_sdk_python import durable_execution

    inner = ScriptedModel("the answer")
    outer = ScriptedModel(Reply("", tool_uses=[("ask", {"question": "why?"})]), "done")
    watcher = Watcher()

    @durable_execution
    def handler(_event, context):
        return body(inner, outer, watcher, context, own_observer=own_observer)

    ran = run_locally(handler, {}, suspend_at=suspend_at) if suspend_at else run_locally(handler, {})
    assert [(agent, name) for agent, name, _ in ran.value] == CALLS
    assert [(call.agent, call.name) for call in watcher.returned] == CALLS
    assert (inner.calls, outer.calls) == (1, 2)


def test_a_failed_agent_in_a_tool_is_told_to_the_model_and_its_cost_is_kept():
    inner = ScriptedModel(ModelThrottled("slow down"))
    outer = ScriptedModel(Reply("", tool_uses=[("ask", {"question": "why?"})]), "done without")
    cut = ScriptedModel(Reply("half", stop_reason="max_tokens"))
    for model, told in ((inner, []), (cut, [["inner", "model-1", 50]])):
        outer.calls = 0
        ran = on_engine(partial(body, model, outer, Watcher(), own_observer=True))
        assert [call for call in ran.value if call[0] == "inner"] == told
        assert "tool ask failed" in str(outer.requests[-1][-1]["content"])
        assert outer.calls == 2


def test_turns_of_an_agent_in_a_tool_are_not_those_of_the_outer_one():
    from durable_strands import Limits

    outer = ScriptedModel(Reply("", tool_uses=[("ask", {"question": "why?"})]), "done")

    def limited(context):
        agent = partial(Agent, model=outer, tools=[asking(ScriptedModel("yes"), None)], callback_handler=None)
        return run(context, agent, "go", name="outer", limits=Limits(turns=2)).text

    with suspended(3):
        assert on_engine(limited).value.strip() == "done"


@pytest.mark.parametrize("suspend_at", [None, EVERY_CALL])
def test_a_failure_that_the_tool_makes_up_for_has_cost_all_the_same(suspend_at):
    from aws_durable_execution_sdk_python import durable_execution

    inner = ScriptedModel(Reply("half", stop_reason="max_tokens"))
    outer = ScriptedModel(Reply("", tool_uses=[("ask", {"question": "why?"})]), "done")
    watcher = Watcher()

    @durable_tool
    def ask(context, question: str) -> str:
        """Ask.

        Args:
            question: What.
        """
        try:
            return run(context, partial(Agent, model=inner, callback_handler=None), question, name="inner").text
        except AgentFailed:
            return "nobody knows"

    @durable_execution
    def handler(_event, context):
        watcher.start_pass()
        agent = partial(Agent, model=outer, tools=[ask], callback_handler=None)
        finished = run(context, agent, "go", name="outer", observer=watcher)
        return [[call.agent, call.name] for call in finished.calls]

    ran = run_locally(handler, {}, suspend_at=suspend_at) if suspend_at else run_locally(handler, {})
    assert [tuple(call) for call in ran.value] == CALLS
    assert [(call.agent, call.name) for call in watcher.returned] == CALLS
    assert "nobody knows" in str(outer.requests[-1][-1]["content"])
