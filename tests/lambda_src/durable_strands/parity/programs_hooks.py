"""Programs about hooks, plugins and steering: what looks on, and what changes its mind."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError
from strands import Agent, tool
from strands.hooks import (
    AfterInvocationEvent,
    AfterModelCallEvent,
    AfterToolCallEvent,
    AfterToolsEvent,
    BeforeInvocationEvent,
    BeforeModelCallEvent,
    BeforeToolCallEvent,
    BeforeToolsEvent,
    MessageAddedEvent,
)
from strands.plugins import Plugin, hook
from strands.types.content import Message
from strands.vended_plugins.goal import GoalLoop, JudgeConfig
from strands.vended_plugins.steering import Guide, LLMSteeringHandler, Proceed, SteeringHandler

from tests.lambda_src.durable_strands.parity.lab import Lab
from tests.lambda_src.durable_strands.parity.table import note, program
from tests.lambda_src.durable_strands.scripted import tool_use as use

EVENTS = (
    BeforeInvocationEvent, AfterInvocationEvent, MessageAddedEvent, BeforeModelCallEvent, AfterModelCallEvent,
    BeforeToolsEvent, AfterToolsEvent, BeforeToolCallEvent, AfterToolCallEvent,
)  # fmt: skip


def _jot(event: Any) -> None:
    """Write into the agent's state that the event was seen."""
    state = event.agent.state
    state.set("seen", [*(state.get("seen") or []), type(event).__name__])


def _flaky(lab: Lab, failures: int) -> Any:
    """A tool that raises at its first calls."""

    @tool
    def flaky() -> str:
        """Try."""
        lab.effect("tried")
        if lab.world.effects.count("tried") <= failures:
            raise ConnectionError("not now")
        return "at last"

    return flaky


@program
def hooks_of_every_event_write_the_state(lab: Lab) -> None:
    agent = lab.agent([[use("note", "t", text="x")], "done"], [note(lab)])
    for event in EVENTS:
        agent.add_hook(_jot, event)
    lab.ask(agent, "go")


@program
def an_async_hook_writes_the_state(lab: Lab) -> None:
    async def jot(event: AfterModelCallEvent) -> None:
        _jot(event)

    agent = lab.agent([[use("note", "t", text="x")], "done"], [note(lab)])
    agent.add_hook(jot, AfterModelCallEvent)
    lab.ask(agent, "go")


@program
def a_hook_retries_a_tool_that_raised(lab: Lab) -> None:
    def again(event: AfterToolCallEvent) -> None:
        event.retry = isinstance(event.exception, ConnectionError)

    agent = lab.agent([[use("flaky", "t")], "done"], [_flaky(lab, 2)])
    agent.add_hook(again, AfterToolCallEvent)
    lab.ask(agent, "go")


@program
def a_hook_retries_a_tool_by_its_result(lab: Lab) -> None:
    def again(event: AfterToolCallEvent) -> None:
        event.retry = event.result["status"] == "error"

    agent = lab.agent([[use("flaky", "t"), use("note", "n", text="x")], "done"], [_flaky(lab, 1), note(lab)])
    agent.add_hook(again, AfterToolCallEvent)
    lab.ask(agent, "go")


@program
def a_hook_notes_the_type_of_what_a_tool_raised(lab: Lab) -> None:
    def look(event: AfterToolCallEvent) -> None:
        event.agent.state.set("raised", type(event.exception).__name__ if event.exception else "nothing")

    agent = lab.agent([[use("flaky", "t")], "done"], [_flaky(lab, 1)])
    agent.add_hook(look, AfterToolCallEvent)
    lab.ask(agent, "go")


@program
def a_hook_rewrites_a_tools_result(lab: Lab) -> None:
    def censor(event: AfterToolCallEvent) -> None:
        event.result = {**event.result, "content": [{"text": "censored"}]}

    agent = lab.agent([[use("note", "t", text="x")], "done"], [note(lab)])
    agent.add_hook(censor, AfterToolCallEvent)
    lab.ask(agent, "go")


@program
def a_hook_rewrites_a_tools_input(lab: Lab) -> None:
    def shout(event: BeforeToolCallEvent) -> None:
        event.tool_use["input"]["text"] = event.tool_use["input"]["text"].upper()

    agent = lab.agent([[use("note", "t", text="x")], "done"], [note(lab)])
    agent.add_hook(shout, BeforeToolCallEvent)
    lab.ask(agent, "go")


@program
def a_hook_cancels_one_tool_of_two(lab: Lab) -> None:
    def deny(event: BeforeToolCallEvent) -> None:
        event.cancel_tool = "not allowed" if event.tool_use["input"]["text"] == "x" else False

    agent = lab.agent([[use("note", "t", text="x"), use("note", "u", text="y")], "done"], [note(lab)])
    agent.add_hook(deny, BeforeToolCallEvent)
    lab.ask(agent, "go")


@program
def a_hook_cancels_all_tools_of_a_turn(lab: Lab) -> None:
    def deny(event: BeforeToolsEvent) -> None:
        event.cancel = "no tools today"

    agent = lab.agent([[use("note", "t", text="x")], "done"], [note(lab)])
    agent.add_hook(deny, BeforeToolsEvent)
    lab.ask(agent, "go")


@program
def a_hook_selects_another_tool(lab: Lab) -> None:
    @tool
    def shout(text: str) -> str:
        """Shout.

        Args:
            text: What.
        """
        lab.effect(text.upper())
        return text.upper()

    def swap(event: BeforeToolCallEvent) -> None:
        event.selected_tool = shout

    agent = lab.agent([[use("note", "t", text="x")], "done"], [note(lab)])
    agent.add_hook(swap, BeforeToolCallEvent)
    lab.ask(agent, "go")


@program
def a_hook_asks_the_model_again_for_a_better_answer(lab: Lab) -> None:
    def again(event: AfterModelCallEvent) -> None:
        event.retry = bool(event.stop_response) and "poor" in str(event.stop_response.message)  # type: ignore[union-attr]

    agent = lab.agent(["a poor answer", "a fine answer"])
    agent.add_hook(again, AfterModelCallEvent)
    lab.ask(agent, "go")


@program
def a_hook_asks_the_model_again_after_an_error(lab: Lab) -> None:
    def again(event: AfterModelCallEvent) -> None:
        event.retry = isinstance(event.exception, ValueError)

    agent = lab.agent([[use("note", "t", text="x")], ValueError("odd"), "done"], [note(lab)])
    agent.add_hook(again, AfterModelCallEvent)
    lab.ask(agent, "go")


@program
def a_hook_denies_the_second_model_call(lab: Lab) -> None:
    def deny(event: BeforeModelCallEvent) -> None:
        event.cancel = "enough" if len(event.agent.messages) > 2 else False

    agent = lab.agent([[use("note", "t", text="x")], "never"], [note(lab)])
    agent.add_hook(deny, BeforeModelCallEvent)
    lab.ask(agent, "go")


@program
def a_hook_ends_the_turn_after_the_tools(lab: Lab) -> None:
    def end(event: AfterToolsEvent) -> None:
        event.end_turn = "ended by a hook"

    agent = lab.agent([[use("note", "t", text="x")], "never"], [note(lab)])
    agent.add_hook(end, AfterToolsEvent)
    lab.ask(agent, "go")


@program
def a_hook_rewrites_the_prompt(lab: Lab) -> None:
    def rewrite(event: BeforeInvocationEvent) -> None:
        event.messages = [{"role": "user", "content": [{"text": "another question"}]}]

    agent = lab.agent([[use("note", "t", text="x")], "done"], [note(lab)])
    agent.add_hook(rewrite, BeforeInvocationEvent)
    lab.ask(agent, "go")


@program
def a_hook_resumes_the_agent_with_a_second_question(lab: Lab) -> None:
    def resume(event: AfterInvocationEvent) -> None:
        if not event.agent.state.get("resumed"):
            event.agent.state.set("resumed", True)
            event.resume = "and then?"

    agent = lab.agent([[use("note", "t", text="x")], "first", "second"], [note(lab)])
    agent.add_hook(resume, AfterInvocationEvent)
    lab.ask(agent, "go")


@program
def a_hook_that_raises_ends_the_run(lab: Lab) -> None:
    def refuse(event: BeforeToolCallEvent) -> None:
        raise PermissionError("never")

    agent = lab.agent([[use("note", "t", text="x")], "done"], [note(lab)])
    agent.add_hook(refuse, BeforeToolCallEvent)
    lab.ask(agent, "go")


@program
def a_plugin_brings_a_hook_and_a_tool(lab: Lab) -> None:
    class Diary(Plugin):
        name = "diary"

        @hook
        def look(self, event: AfterToolCallEvent) -> None:
            _jot(event)

        @tool
        def write(self, text: str) -> str:
            """Write.

            Args:
                text: What.
            """
            lab.effect(text)
            return "written"

    lab.ask(lab.agent([[use("write", "t", text="x")], [use("write", "u", text="y")], "done"], plugins=[Diary()]), "go")


@program
def a_steering_rule_guides_a_tool_call_once(lab: Lab) -> None:
    class Rule(SteeringHandler):
        name = "rule"

        async def steer_before_tool(self, *, agent: Any, tool_use: Any, **_kwargs: Any) -> Any:
            bad = tool_use["input"]["text"] == "bad"
            return Guide(reason="say it nicely") if bad else Proceed(reason="fine")

    script: list[Any] = [[use("note", "t", text="bad")], [use("note", "u", text="good")], "done"]
    lab.ask(lab.agent(script, [note(lab)], plugins=[Rule()]), "go")


@program
def a_model_steers_the_tool_calls_of_another(lab: Lab) -> None:
    say = [use("_LLMSteering", "s", decision="proceed", reason="fine")]
    judge = LLMSteeringHandler("Be kind.", model=lab.model("judge", [say, say]), context_providers=[])
    script: list[Any] = [[use("note", "t", text="x")], [use("note", "u", text="y")], "done"]
    lab.ask(lab.agent(script, [note(lab)], plugins=[judge]), "go")


@program
def a_goal_loop_with_a_rule_rejects_the_first_answer(lab: Lab) -> None:
    def short(response: Message, agent: Agent, **_: Any) -> bool:
        return "long" not in str(response)

    agent = lab.agent(["a long answer", "an answer"], plugins=[GoalLoop(short, max_attempts=3)])
    lab.ask(agent, "go")


@program
def a_goal_loop_with_a_judge_rejects_the_first_answer(lab: Lab) -> None:
    no = [use("JudgeOutcome", "j", passed=False, feedback="too long")]
    yes = [use("JudgeOutcome", "k", passed=True, feedback="")]
    judge = JudgeConfig(model=lab.model("judge", [no, yes]))
    loop = GoalLoop("Be short.", judge=judge, max_attempts=3)
    lab.ask(lab.agent(["a long answer", "an answer"], plugins=[loop]), "go")


@program
def middleware_of_the_users_own_changes_the_tool_result(lab: Lab) -> None:
    from strands.middleware import ExecuteToolStage, ToolResultEvent

    async def stamp(context: Any, next_fn: Any) -> Any:
        async for event in next_fn(context):
            if isinstance(event, ToolResultEvent):
                event.tool_result["content"].append({"text": "stamped"})
            yield event

    agent = lab.agent([[use("note", "t", text="x")], "done"], [note(lab)])
    agent.add_middleware(ExecuteToolStage, stamp)
    lab.ask(agent, "go")


@program
def a_plugin_counts_tool_calls_and_cancels_the_third(lab: Lab) -> None:
    class Meter(Plugin):
        name = "meter"
        calls = 0

        @hook
        def limit(self, event: BeforeToolCallEvent) -> None:
            self.calls += 1
            if self.calls > 2:
                event.cancel_tool = "enough"

    script: list[Any] = [[use("note", f"t{n}", text=str(n))] for n in range(4)]
    lab.ask(lab.agent([*script, "done"], [note(lab)], plugins=[Meter()]), "go")


@program
def a_hook_appends_a_message_of_its_own(lab: Lab) -> None:
    def remind(event: AfterToolsEvent) -> None:
        event.message["content"].append({"text": "remember to be brief"})

    agent = lab.agent([[use("note", "t", text="x")], "done"], [note(lab)])
    agent.add_hook(remind, AfterToolsEvent)
    lab.ask(agent, "go")


class _Odd(RuntimeError):
    """What a provider's client raises: arguments, attributes, a text of its own."""

    def __init__(self, code: int, region: str) -> None:
        super().__init__(code, region)
        self.code = code

    def __str__(self) -> str:
        return f"down with {self.code}"


@program
def a_hook_reads_the_attributes_of_what_the_model_raised(lab: Lab) -> None:
    def again(event: AfterModelCallEvent) -> None:
        if isinstance(event.exception, RuntimeError):
            event.agent.state.set("why", [type(event.exception).__name__, str(event.exception), event.exception.args])
            event.retry = event.exception.code == 7  # type: ignore[attr-defined]

    script: list[Any] = [_Odd(7, "eu"), [use("note", "t", text="x")], _Odd(7, "us"), "done"]
    agent = lab.agent(script, [note(lab)])
    agent.add_hook(again, AfterModelCallEvent)
    lab.ask(agent, "go")


@program
def a_hook_knows_a_botocore_error_whose_class_was_made_at_run_time(lab: Lab) -> None:
    reply = {"Error": {"Code": "ConflictException", "Message": "busy"}, "ResponseMetadata": {"HTTPStatusCode": 409}}
    made = type("ConflictException", (ClientError,), {})(reply, "Converse")

    def again(event: AfterModelCallEvent) -> None:
        error = event.exception
        event.retry = isinstance(error, ClientError) and error.response["Error"]["Code"] == "ConflictException"

    agent = lab.agent([[use("note", "t", text="x")], made, "done"], [note(lab)])
    agent.add_hook(again, AfterModelCallEvent)
    lab.ask(agent, "go")
