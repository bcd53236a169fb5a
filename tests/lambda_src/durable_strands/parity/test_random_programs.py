"""Programs drawn at random from the same space as the table's behave as they do under plain Strands.

Fifteen of them, always the same, in the gate; with `PARITY_SWEEP=1` two hundred, others each time.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from strands import ToolContext, tool
from strands.agent.conversation_manager import (
    NullConversationManager,
    SlidingWindowConversationManager,
    SummarizingConversationManager,
)
from strands.hooks import AfterModelCallEvent, AfterToolCallEvent, BeforeToolCallEvent, MessageAddedEvent

from tests.lambda_src.durable_strands.parity.harness import EVERY
from tests.lambda_src.durable_strands.parity.lab import Lab, Program
from tests.lambda_src.durable_strands.parity.random_plans import comparison, drawn
from tests.lambda_src.durable_strands.scripted import tool_use as use

MANAGERS: dict[str, Any] = {
    "none": NullConversationManager,
    "window": lambda: SlidingWindowConversationManager(window_size=6),
    "per turn": lambda: SlidingWindowConversationManager(window_size=6, per_turn=True),
    "summary": lambda: SummarizingConversationManager(0.5, 2),
}
WORDS = st.sampled_from(["", "word", "é 🌊", "$bytes", "$json", "a" * 200])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)


@dataclass(frozen=True)
class Call:
    """One tool call: the tool, and what it is given."""

    tool: str
    value: Any


@dataclass(frozen=True)
class Plan:
    """A program: runs of turns of calls, a manager, hooks; where it is suspended, in what kind of process."""

    runs: tuple[tuple[tuple[Call, ...], ...], ...]
    manager: str
    hooks: frozenset[str]
    at: int
    cold: bool


TOOLS = ("keep", "mark", "fail", "stream", "give", "show", "missing")
CALLS = st.builds(Call, st.sampled_from(TOOLS), VALUES)
TURNS = st.lists(CALLS, min_size=1, max_size=3).map(tuple)
PLANS = st.builds(
    Plan,
    st.lists(st.lists(TURNS, max_size=3).map(tuple), min_size=1, max_size=3).map(tuple),
    st.sampled_from(sorted(MANAGERS)),
    st.frozensets(st.sampled_from(["jot", "censor", "deny", "again"]), max_size=2),
    st.integers(EVERY, 12),
    st.booleans(),
)


def _tools(lab: Lab) -> list[Any]:
    @tool(context=True)
    def keep(value: Any, tool_context: ToolContext) -> str:
        """Keep a value in the state, under the id of the call.

        Args:
            value: Any.
        """
        lab.effect(value)
        tool_context.agent.state.set(tool_context.tool_use["toolUseId"], value)
        return f"kept {value}"

    @tool(context=True)
    async def mark(value: Any, tool_context: ToolContext) -> str:
        """Mark the invocation state, under the id of the call.

        Args:
            value: Any.
        """
        lab.effect(value)
        tool_context.invocation_state[tool_context.tool_use["toolUseId"]] = value
        return "marked"

    @tool(context=True)
    def fail(value: Any, tool_context: ToolContext) -> str:
        """Fail, but leave a trace.

        Args:
            value: Any.
        """
        lab.effect(value)
        tool_context.agent.state.set(tool_context.tool_use["toolUseId"], "failed")
        raise ValueError(f"no {value}")

    @tool
    async def stream(value: Any) -> AsyncGenerator[Any, None]:
        """Stream.

        Args:
            value: Any.
        """
        yield "half"
        yield {"status": "success", "content": [{"json": {"value": value}}]}

    @tool
    def give(value: Any) -> Any:
        """Give a value back.

        Args:
            value: Any.
        """
        return {"status": "success", "content": [{"json": value}, {"text": "given"}]}

    @tool
    def show(value: Any) -> Any:
        """Show a picture of a value.

        Args:
            value: Any.
        """
        picture = {"image": {"format": "png", "source": {"bytes": repr(value).encode()}}}
        return {"status": "success", "content": [picture]}

    return [keep, mark, fail, stream, give, show]


def _jot(event: MessageAddedEvent | AfterModelCallEvent) -> None:
    state = event.agent.state
    state.set("seen", [*(state.get("seen") or []), type(event).__name__])


def _censor(event: AfterToolCallEvent) -> None:
    event.result = {**event.result, "content": [{"text": f"censored {event.result['status']}"}]}


def _deny(event: BeforeToolCallEvent) -> None:
    event.cancel_tool = "denied" if event.tool_use["name"] == "show" else False


def _again(event: AfterToolCallEvent) -> None:
    key = f"again-{event.tool_use['toolUseId']}"
    event.retry = isinstance(event.exception, ValueError) and not event.agent.state.get(key)
    event.agent.state.set(key, value=True)


HOOKS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "jot": (_jot, (MessageAddedEvent, AfterModelCallEvent)),
    "censor": (_censor, (AfterToolCallEvent,)),
    "deny": (_deny, (BeforeToolCallEvent,)),
    "again": (_again, (AfterToolCallEvent,)),
}


def program_of(plan: Plan) -> Program:
    """The program that `plan` describes."""

    def play(lab: Lab) -> None:
        script: list[Any] = []
        for run, turns in enumerate(plan.runs):
            for turn, calls in enumerate(turns):
                ids = [f"{run}.{turn}.{place}" for place in range(len(calls))]
                script.append([use(call.tool, name, value=call.value) for name, call in zip(ids, calls, strict=True)])
            script.append(f"answer {run}")
        manager = MANAGERS[plan.manager]()
        agent = lab.agent(script, _tools(lab), conversation_manager=manager, state={"start": [1]})
        for name in sorted(plan.hooks):
            hook, events = HOOKS[name]
            for event in events:
                agent.add_hook(hook, event)
        for run in range(len(plan.runs)):
            lab.ask(agent, f"question {run}", invocation_state={"run": run})

    return play


@drawn(gate=15, whole=200)
@given(PLANS)
def test_a_random_program_behaves_as_under_plain_strands(plan):
    assert comparison(program_of(plan), plan) == "alike"
