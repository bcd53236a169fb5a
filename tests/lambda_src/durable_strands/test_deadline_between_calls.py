"""Code of the agent that is in no step cannot hold the handler, or pay, for ever."""

from __future__ import annotations

import asyncio
import threading

import pytest
from strands import Agent, tool
from strands.hooks import AfterInvocationEvent, AfterModelCallEvent, BeforeToolCallEvent
from strands.multiagent import GraphBuilder

from durable_strands import Limits, ToolOptions, bridge, live, run, run_agent
from tests.lambda_src.durable_strands.engine import on_engine
from tests.lambda_src.durable_strands.scripted import ScriptedModel, tool_use

MARGIN = 898
"""Of the 900 seconds of the local engine's invocations: two are left."""


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch):
    monkeypatch.setattr(live, "_GRACE_SECONDS", 0.2)
    monkeypatch.setattr(bridge, "_JOIN_SECONDS", 0.2)


@pytest.fixture
def held():
    """Holds whoever waits for it until the test is over, so a run that ends has not waited."""
    gate = threading.Event()
    yield gate
    gate.set()


def failure_of(build, **choices):
    def body(context):
        run(context, build, "go", name="a", deadline_margin_seconds=MARGIN, **choices)

    return on_engine(body)


def test_a_hook_that_blocks_ends_the_run_by_name_with_what_was_paid(held):
    model = ScriptedModel([[tool_use("look_up", word="x")], "never"])

    def build():
        agent = Agent(model=model, callback_handler=None)
        agent.add_hook(lambda _: held.wait(), BeforeToolCallEvent)
        return agent

    outcome = failure_of(build)
    assert not held.is_set()
    assert outcome.error_type == "DeadlineExceeded"
    assert "outside every step (a hook" in outcome.error_message
    assert outcome.error_data["usage"]["input_tokens"] == 100
    assert model.calls == [0]


def test_a_hook_that_loops_without_a_call_ends_the_run_by_name():
    def build():
        async def loop(event: BeforeToolCallEvent) -> None:
            while True:  # noqa: ASYNC110 - it waits for nothing
                await asyncio.sleep(0)

        agent = Agent(model=ScriptedModel([[tool_use("look_up", word="x")], "never"]), callback_handler=None)
        agent.add_hook(loop, BeforeToolCallEvent)
        return agent

    assert failure_of(build).error_type == "DeadlineExceeded"


@pytest.mark.parametrize("durable", [True, False])
def test_an_async_tool_that_blocks_the_loop_does_not_hold_the_handler(held, durable):
    @tool
    async def block() -> str:
        """Block."""
        held.wait()
        return "late"

    options = {"block": ToolOptions(durable=durable, timeout_seconds=0.2)}
    model = ScriptedModel([[tool_use("block")], "never"])
    outcome = failure_of(lambda: Agent(model=model, tools=[block], callback_handler=None), tools=options)
    assert not held.is_set()
    assert outcome.error_type == "DeadlineExceeded"
    assert model.calls == [0]


def test_a_hook_of_an_agent_that_is_a_tool_does_not_hold_the_handler_either(held):
    def build():
        inner = ScriptedModel([[tool_use("look_up", word="x")], "never"])
        helper = Agent(model=inner, name="helper", callback_handler=None)
        helper.add_hook(lambda _: held.wait(), BeforeToolCallEvent)
        outer = ScriptedModel([[tool_use("helper", input="help")], "never"])
        return Agent(model=outer, tools=[helper.as_tool()], callback_handler=None)

    outcome = failure_of(build)
    assert not held.is_set()
    assert outcome.error_type == "DeadlineExceeded"
    assert outcome.error_data["usage"]["input_tokens"] == 200


def test_a_condition_of_a_graph_does_not_hold_the_handler(held):
    def body(context):
        builder = GraphBuilder()
        for name in ("first", "second"):
            builder.add_node(Agent(model=ScriptedModel(["said"]), name=name, callback_handler=None), name)
        builder.add_edge("first", "second", condition=lambda _: held.wait())
        team = builder.set_execution_timeout(600).build()
        run_agent(context, team, "go", name="team", deadline_margin_seconds=MARGIN)

    outcome = on_engine(body)
    assert not held.is_set()
    assert outcome.error_type == "DeadlineExceeded"


def test_a_hook_that_ends_in_the_grace_after_the_deadline_puts_its_call_off_to_the_next_invocation(monkeypatch):
    passes: list[str] = []
    late = ["late"]  # the local engine's clock of an invocation stands still
    monkeypatch.setattr(live, "_GRACE_SECONDS", 60.0)
    monkeypatch.setattr(live.LiveRun, "seconds_to_deadline", lambda _: -1.0 if passes == late else 60.0)
    model = ScriptedModel([[tool_use("look_up", word="x")], "done"])

    def body(context):
        agent = Agent(model=model, callback_handler=None)
        agent.add_hook(lambda _: passes.append("late"), BeforeToolCallEvent)
        return run(context, lambda: agent, "go", name="a", deadline_margin_seconds=120).text

    outcome = on_engine(body)
    assert outcome.value == "done"
    assert outcome.invocations == 2
    assert model.calls == [0, 1]


def _again(event: AfterModelCallEvent) -> None:
    event.retry = True


def _resume(event: AfterInvocationEvent) -> None:
    event.resume = "and then?"


def test_a_hook_of_a_node_that_never_has_enough_ends_at_the_limit_of_turns():
    model = ScriptedModel(["answer"] * 40)

    def body(context):
        node = Agent(model=model, name="first", callback_handler=None)
        node.add_hook(_again, AfterModelCallEvent)
        builder = GraphBuilder()
        builder.add_node(node, "first")
        team = builder.set_execution_timeout(600).build()
        run_agent(context, team, "go", name="team", limits=Limits(turns=3))

    assert on_engine(body).error_type == "AgentLimitReached"
    assert len(model.calls) == 3


@pytest.mark.parametrize(("hook", "event"), [(_again, AfterModelCallEvent), (_resume, AfterInvocationEvent)])
def test_a_hook_that_never_has_enough_ends_at_the_limit_of_turns(hook, event):
    model = ScriptedModel(["answer"] * 40)

    def body(context):
        agent = Agent(model=model, callback_handler=None)
        agent.add_hook(hook, event)
        run(context, lambda: agent, "go", name="a", limits=Limits(turns=3))

    outcome = on_engine(body)
    assert outcome.error_type == "AgentLimitReached"
    assert len(model.calls) == 3
    assert outcome.error_data["usage"]["input_tokens"] == 300
