"""Agents of many turns: no recursion, a replay that costs each turn the same, the result of bare Strands."""

from __future__ import annotations

import sys
import threading
from functools import partial
from types import FrameType

import pytest
from aws_durable_execution_sdk_python.config import Duration
from strands import Agent, ToolContext, tool
from strands.agent.conversation_manager import SlidingWindowConversationManager
from strands.hooks import AfterToolCallEvent, BeforeModelCallEvent
from strands.middleware import InvokeModelStage

from durable_strands import AgentFailed, Limits, durable_tool, run_agent
from tests.lambda_src.durable_strands.engine import Watcher, on_engine
from tests.lambda_src.durable_strands.parity.harness import NEVER, bare, compared, durable, hurried
from tests.lambda_src.durable_strands.scripted import ScriptedModel, tool_use


class Counting(ScriptedModel):
    """Asks for a tool `turns` times, told by the number in the last result, then for `pause`, then answers."""

    def __init__(self, turns):
        super().__init__([])
        self.turns = turns

    async def stream(self, messages, *arguments, **more):
        last = messages[-1]["content"][0]
        turn = int(last["toolResult"]["content"][0]["text"]) + 1 if "toolResult" in last else 0
        self.calls.append(turn)
        reply = [tool_use("count" if turn != self.turns else "pause", f"i{turn}", number=turn)]
        async for event in self._events(reply if turn <= self.turns else "done", None):
            yield event


@tool
def count(number: int) -> str:
    """Count.

    Args:
        number: The turn.
    """
    return str(number)


def resumed(turns, past=lambda: None, manager=None):
    """An agent that is suspended after `turns` turns; (outcome, model, watcher)."""
    model, watcher = Counting(turns), Watcher()

    @durable_tool
    def pause(context, number: int) -> str:
        """Wait.

        Args:
            number: The turn.
        """
        past()
        context.wait(Duration.from_seconds(1), name="pause")
        return str(number)

    def body(context):
        watcher.start_pass()
        agent = Agent(model=model, tools=[count, pause], callback_handler=None, conversation_manager=manager)
        result = run_agent(context, agent, "go", name="a", limits=Limits(turns=turns + 2), observer=watcher)
        return [str(result).strip(), len(watcher.returned), result.metrics.accumulated_usage["inputTokens"]]

    with hurried():
        return on_engine(body, seconds=500), model


def short():
    return SlidingWindowConversationManager(window_size=6, per_turn=True)


def test_the_number_of_turns_does_not_deepen_the_stack():
    deepest = 0

    def look(*_event):
        nonlocal deepest
        frame: FrameType | None = sys._getframe()
        depth = 0
        while frame is not None:
            frame, depth = frame.f_back, depth + 1
        deepest = max(deepest, depth)

    depths = []
    for turns in (5, 40):
        deepest = 0
        model = Counting(turns - 1)
        agent = Agent(model=model, tools=[count], callback_handler=None)
        model.turns = 10**6
        agent.add_hook(look, BeforeModelCallEvent)
        on_engine(partial(_cut, agent=agent, turns=turns))
        depths.append(deepest)
    assert depths[0] == depths[1]


def _cut(context, agent, turns):
    try:
        run_agent(context, agent, "go", name="a", limits=Limits(turns=turns))
    except AgentFailed as error:
        return type(error).__name__
    return ""


def test_a_resume_calls_each_function_in_proportion_to_the_turns():
    def calls(turns):
        made = 0
        counting: list[str] = []

        def profile(_frame, event, _argument):
            nonlocal made
            made += event == "call" and not counting

        def past():
            counting.append("past")
            if len(counting) == 1:
                # from here on the next invocation is counted, until it is past its history again
                counting.clear()
                threading.setprofile(profile)

        try:
            outcome, _ = resumed(turns, past)
        finally:
            threading.setprofile(None)
        assert outcome.value[0] == "done"
        return made

    assert calls(60) <= 6 * calls(10)


def long_program(lab):
    seen = []

    @tool(context=True)
    def mark(number: int, tool_context: ToolContext) -> str:
        """Mark.

        Args:
            number: The turn.
        """
        lab.effect(number)
        tool_context.agent.state.set("last", number)
        return str(number)

    def censor(event: AfterToolCallEvent) -> None:
        seen.append(event.tool_use["toolUseId"])
        event.result["content"].append({"text": f"call {len(seen)}"})

    script = [[tool_use("mark", f"i{n}", number=n)] for n in range(60)] + ["done"]
    agent = lab.agent(script, [mark], conversation_manager=SlidingWindowConversationManager(window_size=150))
    agent.add_hook(censor, AfterToolCallEvent)
    lab.ask(agent, "go", **({"limits": Limits(turns=70)} if hasattr(lab, "_context") else {}))


@pytest.mark.parametrize("at", [NEVER, 0, 49, 50, 51, 118, 120])
def test_a_suspension_at_any_turn_leaves_what_bare_strands_leaves(at):
    assert compared(bare(long_program), durable(long_program, at, cold=True)) == "alike"


def test_middleware_of_the_caller_gets_a_copy_of_its_own():
    kept, model = [], Counting(2)

    async def keep(context, next_fn):
        kept.append(context.messages)
        context.messages[0]["content"][0]["text"] = "changed"
        async for event in next_fn(context):
            yield event

    def body(context):
        agent = Agent(model=model, tools=[count], callback_handler=None)
        model.turns = 10**6
        agent.add_middleware(InvokeModelStage, keep)
        kind = _cut(context, agent, 3)
        return [kind, agent.messages[0]["content"][0]["text"] if agent.messages else "restored"]

    assert on_engine(body).value == ["AgentLimitReached", "restored"]
    assert all(type(messages) is list for messages in kept)
    assert [messages[0]["content"][0]["text"] for messages in kept] == ["changed"] * 3


def test_the_model_may_change_what_it_is_given():
    class Careless(ScriptedModel):
        async def stream(self, messages, *arguments, **more):
            async for event in super().stream(messages, *arguments, **more):
                yield event
            messages[0]["content"].clear()

    def body(context):
        agent = Agent(
            model=Careless([[tool_use("count", "i", number=1)], "done"]), tools=[count], callback_handler=None
        )
        run_agent(context, agent, "go", name="a")
        return agent.messages[0]["content"]

    assert on_engine(body).value == [{"text": "go"}]


@pytest.mark.slow
def test_an_agent_of_a_thousand_turns_resumes_in_its_last():
    outcome, model = resumed(998, manager=short())
    assert outcome.value == ["done", 2 * 1000 - 1, 1000 * 100]
    assert model.calls == [*range(999), 999]
    assert outcome.invocations == 2
