"""Programs about what outlives a call: state, conversations and their managers, requests to stop."""

from __future__ import annotations

from typing import Any, ClassVar

from strands import ToolContext, tool
from strands.agent.conversation_manager import (
    NullConversationManager,
    SlidingWindowConversationManager,
    SummarizingConversationManager,
)
from strands.types.exceptions import ContextWindowOverflowException
from strands.types.tools import AgentTool
from strands.vended_tools.stop import stop

from tests.lambda_src.durable_strands.parity.lab import Lab
from tests.lambda_src.durable_strands.parity.table import note, program
from tests.lambda_src.durable_strands.scripted import tool_use as use

_NO_INPUT = {"json": {"type": "object"}}


@tool(context=True)
def remember(key: str, value: str, tool_context: ToolContext) -> str:
    """Remember a value in the agent's state.

    Args:
        key: Under which.
        value: What.
    """
    seen = tool_context.agent.state.get(key) or []
    tool_context.agent.state.set(key, [*seen, value])
    return f"{key} is now {[*seen, value]}"


@tool(context=True)
def count(tool_context: ToolContext) -> str:
    """Count in the invocation state."""
    state = tool_context.invocation_state
    state["counted"] = state.get("counted", 0) + 1
    return f"counted {state['counted']}"


@tool(context=True)
def halt(tool_context: ToolContext) -> str:
    """Ask the loop to stop after this turn, as Strands' own samples do."""
    tool_context.invocation_state["request_state"]["stop_event_loop"] = True
    return "halting"


@program
def a_tool_writes_the_agents_state(lab: Lab) -> None:
    script: list[Any] = [[use("remember", f"t{n}", key="words", value=str(n))] for n in range(3)]
    lab.ask(lab.agent([*script, "done"], [remember], state={"start": 1}), "go")


@program
def a_tool_reads_what_an_earlier_run_left_in_the_state(lab: Lab) -> None:
    turn: list[Any] = [[use("remember", "t", key="words", value="x")], "done"]
    agent = lab.agent(turn * 2, [remember])
    lab.ask(agent, "one")
    lab.ask(agent, "two")


@program
def a_program_writes_the_state_between_two_runs(lab: Lab) -> None:
    agent = lab.agent([[use("remember", "t", key="words", value="x")], "one", "two"], [remember])
    lab.ask(agent, "one")
    agent.state.set("mine", {"deep": [1]})
    lab.ask(agent, "two")


@program
def a_tool_deletes_from_the_agents_state(lab: Lab) -> None:
    @tool(context=True)
    def forget(tool_context: ToolContext) -> str:
        """Forget."""
        tool_context.agent.state.delete("start")
        return "forgotten"

    lab.ask(lab.agent([[use("forget", "t")], "done"], [forget], state={"start": 1, "stay": 2}), "go")


@program
def two_tools_of_one_turn_write_two_keys_of_the_state(lab: Lab) -> None:
    turn = [use("remember", "t", key="a", value="1"), use("remember", "u", key="b", value="2")]
    lab.ask(lab.agent([turn, "done"], [remember]), "go")


@program
def a_tool_counts_in_the_invocation_state(lab: Lab) -> None:
    turns: list[Any] = [[use("count", "t")], [use("count", "u")], "done"]
    lab.ask(lab.agent(turns, [count]), "go", invocation_state={"who": "Ana"})


@program
def one_invocation_state_is_handed_to_two_runs(lab: Lab) -> None:
    shared: dict[str, Any] = {}
    agent = lab.agent([[use("count", "t")], "one", [use("count", "u")], "two"], [count])
    lab.ask(agent, "one", invocation_state=shared)
    lab.ask(agent, "two", invocation_state=shared)


@program
def a_tool_reads_a_live_object_from_the_invocation_state(lab: Lab) -> None:
    class Client:
        def send(self, text: str) -> str:
            lab.effect(text)
            return f"sent {text}"

    @tool(context=True)
    def send(text: str, tool_context: ToolContext) -> str:
        """Send.

        Args:
            text: What.
        """
        answer: str = tool_context.invocation_state["client"].send(text)
        return answer

    lab.ask(lab.agent([[use("send", "t", text="x")], "done"], [send]), "go", invocation_state={"client": Client()})


@program
def a_stop_tool_ends_the_loop(lab: Lab) -> None:
    lab.ask(lab.agent([[use("halt", "t")], "never"], [halt]), "go")


@program
def a_stop_tool_ends_the_loop_beside_another_tool(lab: Lab) -> None:
    lab.ask(lab.agent([[use("halt", "t"), use("note", "n", text="x")], "never"], [halt, note(lab)]), "go")


@program
def the_vended_stop_tool_ends_with_a_message(lab: Lab) -> None:
    lab.ask(
        lab.agent([[use("stop", "t", message="that is all"), use("note", "n", text="x")], "never"], [stop, note(lab)]),
        "go",
    )


@program
def an_agent_is_asked_three_times(lab: Lab) -> None:
    agent = lab.agent([[use("note", "t", text="x")], "one", "two", [use("note", "u", text="y")], "three"], [note(lab)])
    for prompt in ("a", "b", "c"):
        lab.ask(agent, prompt)


@program
def a_module_level_agent_is_asked_three_times(lab: Lab) -> None:
    def build() -> Any:
        return lab.agent([[use("note", "t", text="x")], "one", "two", "three"], [note(lab)])

    for prompt in ("a", "b", "c"):
        lab.ask(lab.kept(build), prompt)


@program
def an_agent_starts_with_a_conversation(lab: Lab) -> None:
    before: Any = [
        {"role": "user", "content": [{"text": "earlier"}]}, {"role": "assistant", "content": [{"text": "yes"}]},
    ]  # fmt: skip
    lab.ask(lab.agent([[use("note", "t", text="x")], "done"], [note(lab)], messages=before), "go")


@program
def the_default_window_slides_over_a_long_conversation(lab: Lab) -> None:
    agent = lab.agent([f"answer {n}" for n in range(24)])
    for n in range(24):
        lab.ask(agent, f"question {n}")


@program
def a_narrow_window_slides_between_two_runs(lab: Lab) -> None:
    turn: list[Any] = [[use("note", "t", text="x")], "done"]
    agent = lab.agent(turn * 3, [note(lab)], conversation_manager=SlidingWindowConversationManager(window_size=4))
    for n in range(3):
        lab.ask(agent, f"question {n}")


@program
def a_window_slides_at_every_turn(lab: Lab) -> None:
    script: list[Any] = [[use("note", f"t{n}", text=str(n))] for n in range(5)]
    manager = SlidingWindowConversationManager(window_size=4, per_turn=True)
    lab.ask(lab.agent([*script, "done"], [note(lab)], conversation_manager=manager), "go")


@program
def no_manager_touches_the_conversation(lab: Lab) -> None:
    agent = lab.agent([f"answer {n}" for n in range(4)], conversation_manager=NullConversationManager())
    for n in range(4):
        lab.ask(agent, f"question {n}")


@program
def the_window_shrinks_when_the_model_says_it_is_full(lab: Lab) -> None:
    full = ContextWindowOverflowException("full")
    agent = lab.agent(["one", "two", full, "three"], conversation_manager=SlidingWindowConversationManager(4))
    for n in range(3):
        lab.ask(agent, f"question {n}")


def _summarized(lab: Lab, manager: SummarizingConversationManager) -> None:
    full = ContextWindowOverflowException("full")
    summary: list[Any] = [] if manager.summarization_agent else ["what was said"]
    agent = lab.agent(["one", "two", full, *summary, "three", "four"], conversation_manager=manager)
    for n in range(4):
        lab.ask(agent, f"question {n}")


@program
def a_conversation_is_summarized_by_the_agents_own_model(lab: Lab) -> None:
    _summarized(lab, SummarizingConversationManager(summary_ratio=0.5, preserve_recent_messages=2))


@program
def a_conversation_is_summarized_by_another_agent(lab: Lab) -> None:
    writer = lab.agent(["what was said"], name="writer")
    _summarized(lab, SummarizingConversationManager(0.5, 2, summarization_agent=writer))


@program
def a_run_has_a_dozen_turns_of_tools(lab: Lab) -> None:
    script: list[Any] = [[use("note", f"t{n}", text=str(n))] for n in range(12)]
    lab.ask(lab.agent([*script, "done"], [note(lab)]), "go")


@program
def a_tool_rewrites_the_system_prompt(lab: Lab) -> None:
    @tool(context=True)
    def switch(tool_context: ToolContext) -> str:
        """Switch."""
        tool_context.agent.system_prompt = "You are another one."
        return "switched"

    agent = lab.agent([[use("switch", "t")], [use("note", "n", text="x")], "done"], [switch, note(lab)],
                      system_prompt="You are a clerk.")  # fmt: skip
    lab.ask(agent, "go")


@program
def a_tool_leaves_a_live_object_in_the_invocation_state_for_another(lab: Lab) -> None:
    @tool(context=True)
    def connect(tool_context: ToolContext) -> str:
        """Connect."""
        tool_context.invocation_state["connection"] = lab.effect
        return "connected"

    @tool(context=True)
    def send(text: str, tool_context: ToolContext) -> str:
        """Send.

        Args:
            text: What.
        """
        tool_context.invocation_state["connection"](text)
        return "sent"

    lab.ask(lab.agent([[use("connect", "t")], [use("send", "u", text="x")], "done"], [connect, send]), "go",
            invocation_state={})  # fmt: skip


@program
def a_tool_counts_in_an_object_of_its_own(lab: Lab) -> None:
    class Counter:
        calls = 0

        @tool
        def tick(self) -> str:
            """Tick."""
            self.calls += 1
            return f"ticked {self.calls}"

    lab.ask(lab.agent([[use("tick", "t")], [use("tick", "u")], "done"], [Counter().tick]), "go")


class _Counter:
    """An object with a memory, whose method is a tool."""

    def __init__(self) -> None:
        self.calls = 0
        self.words: list[str] = []
        self.client: Any = None

    @tool
    def tick(self, word: str) -> str:
        """Tick.

        Args:
            word: What for.
        """
        self.calls += 1
        self.words.append(word)
        self.client = self.client or object()
        return f"ticked {self.calls} for {self.words}"


@program
def two_tools_of_one_turn_are_methods_of_one_object_that_counts(lab: Lab) -> None:
    desk = _Counter()
    turn = [use("tick", "t", word="x"), use("note", "n", text="z")]
    lab.ask(lab.agent([turn, [use("tick", "u", word="y")], "done"], [desk.tick, note(lab)]), "go")
    lab.results.append([desk.calls, desk.words])


@program
def an_object_that_counts_serves_two_runs(lab: Lab) -> None:
    desk = _Counter()
    for word in ("x", "y"):
        lab.ask(lab.agent([[use("tick", word, word=word)], "done"], [desk.tick], name=word), "go")


@program
def a_tool_that_raises_counts_in_an_object_of_its_own(lab: Lab) -> None:
    class Door:
        knocks = 0

        @tool
        def knock(self) -> str:
            """Knock."""
            self.knocks += 1
            if self.knocks < 2:
                raise ValueError("closed")
            return "open"

    lab.ask(lab.agent([[use("knock", "t")], [use("knock", "u")], "done"], [Door().knock]), "go")


@program
def a_tool_class_of_its_own_counts_its_calls(lab: Lab) -> None:
    class Meter(AgentTool):
        calls = 0
        tool_name, tool_type = "meter", "own"
        tool_spec: ClassVar[Any] = {"name": "meter", "description": "Measure.", "inputSchema": _NO_INPUT}

        async def stream(self, tool_use: Any, invocation_state: Any, **_kwargs: Any) -> Any:
            self.calls += 1
            yield {"toolUseId": tool_use["toolUseId"], "status": "success", "content": [{"text": str(self.calls)}]}

    lab.ask(lab.agent([[use("meter", "t")], [use("meter", "u")], "done"], [Meter()]), "go")


@program
def a_tool_keeps_a_set_in_an_object_of_its_own(lab: Lab) -> None:
    class Once:
        def __init__(self) -> None:
            self.seen: set[str] = set()

        @tool
        def once(self, word: str) -> str:
            """Once.

            Args:
                word: What.
            """
            known = word in self.seen
            self.seen.add(word)
            return str(known)

    lab.ask(lab.agent([[use("once", "t", word="x")], [use("once", "u", word="x")], "done"], [Once().once]), "go")
