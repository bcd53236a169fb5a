"""Programs about tools: of every kind Strands takes, with every result they may have."""

from __future__ import annotations

import asyncio
import datetime as dt
import types
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

from strands import ToolContext, tool
from strands.tools.tools import PythonAgentTool
from strands.types.tools import AgentTool

from tests.lambda_src.durable_strands.parity.lab import Lab
from tests.lambda_src.durable_strands.parity.table import note, program, returning
from tests.lambda_src.durable_strands.scripted import tool_use as use

TEXT_SCHEMA = {"json": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}}


@program
def a_model_answers_without_tools(lab: Lab) -> None:
    lab.ask(lab.agent(["hello"]), "hi")


@program
def a_tool_is_called_three_turns_in_a_row(lab: Lab) -> None:
    script: list[Any] = [[use("note", f"t{n}", text=str(n))] for n in range(3)]
    lab.ask(lab.agent([*script, "done"], [note(lab)]), "go")


@program
def three_tools_of_one_turn_run_side_by_side(lab: Lab) -> None:
    lab.ask(lab.agent([[use("note", f"t{n}", text=str(n)) for n in range(3)], "done"], [note(lab)]), "go")


@program
def an_async_tool_awaits_before_it_answers(lab: Lab) -> None:
    @tool
    async def later(text: str) -> str:
        """Answer later.

        Args:
            text: What.
        """
        await asyncio.sleep(0)
        lab.effect(text)
        return text.upper()

    lab.ask(lab.agent([[use("later", "t", text="x")], "done"], [later]), "go")


@program
def a_generator_tool_streams_before_its_result(lab: Lab) -> None:
    @tool
    async def stream(text: str) -> AsyncGenerator[Any, None]:
        """Stream.

        Args:
            text: What.
        """
        yield "half"
        lab.effect(text)
        yield f"whole {text}"

    lab.ask(lab.agent([[use("stream", "t", text="x")], "done"], [stream]), "go")


@program
def the_tools_are_methods_of_an_object_that_counts(lab: Lab) -> None:
    class Desk:
        @tool
        def file(self, text: str) -> str:
            """File a text.

            Args:
                text: What.
            """
            lab.effect(text)
            return f"filed {text}"

    lab.ask(lab.agent([[use("file", "t", text="x")], [use("file", "u", text="y")], "done"], [Desk().file]), "go")


@program
def a_tool_is_a_module_with_a_spec(lab: Lab) -> None:
    def shout(tool_call: Any, **_: Any) -> Any:
        lab.effect(tool_call["input"]["text"])
        return {"toolUseId": tool_call["toolUseId"], "status": "success", "content": [{"text": "LOUD"}]}

    module: Any = types.ModuleType("shout")
    module.TOOL_SPEC = {"name": "shout", "description": "Shout.", "inputSchema": TEXT_SCHEMA}
    module.shout = shout
    made = PythonAgentTool("shout", module.TOOL_SPEC, module.shout)
    lab.ask(lab.agent([[use("shout", "t", text="x")], "done"], [made]), "go")


class _Echo(AgentTool):
    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self._lab = lab

    @property
    def tool_name(self) -> str:
        return "echo"

    @property
    def tool_spec(self) -> Any:
        return {"name": "echo", "description": "Echo.", "inputSchema": TEXT_SCHEMA}

    @property
    def tool_type(self) -> str:
        return "own"

    async def stream(self, tool_use: Any, invocation_state: Any, **_kwargs: Any) -> Any:
        self._lab.effect(tool_use["input"]["text"])
        yield {"toolUseId": tool_use["toolUseId"], "status": "success", "content": [{"text": "echoed"}]}


@program
def a_tool_is_a_class_of_its_own(lab: Lab) -> None:
    lab.ask(lab.agent([[use("echo", "t", text="x")], "done"], [_Echo(lab)]), "go")


@program
def a_tool_that_raises_is_answered_to_the_model(lab: Lab) -> None:
    @tool
    def fail(text: str) -> str:
        """Fail.

        Args:
            text: Why.
        """
        lab.effect(text)
        raise ValueError(f"no {text}")

    lab.ask(lab.agent([[use("fail", "t", text="x"), use("note", "n", text="y")], "sorry"], [fail, note(lab)]), "go")


@program
def the_model_asks_for_a_tool_that_is_not_there(lab: Lab) -> None:
    lab.ask(lab.agent([[use("nothing", "t")], "sorry"], [note(lab)]), "go")


@program
def the_model_gives_a_tool_the_wrong_arguments(lab: Lab) -> None:
    lab.ask(lab.agent([[use("note", "t", word=1)], [use("note", "u", text="x")], "done"], [note(lab)]), "go")


@program
def a_tool_returns_an_image(lab: Lab) -> None:
    picture = {"image": {"format": "png", "source": {"bytes": b"\x89PNG\x00\xff"}}}
    give = returning(lab, lambda: {"status": "success", "content": [picture, {"text": "a picture"}]})
    lab.ask(lab.agent([[use("give", "t")], "seen"], [give]), "go")


@program
def the_prompt_holds_an_image(lab: Lab) -> None:
    picture = {"image": {"format": "png", "source": {"bytes": b"\x89PNG\x00\xff"}}}
    lab.ask(lab.agent([[use("note", "t", text="x")], "seen"], [note(lab)]), [{"text": "look"}, picture])


@program
def a_tool_returns_json_that_looks_like_encoded_bytes(lab: Lab) -> None:
    for value in ({"$bytes": "abc"}, {"$bytes": "YQ=="}, {"$bytes": 7}):
        content = [{"json": value}]
        give = returning(lab, partial(dict, status="success", content=content))
        lab.ask(lab.agent([[use("give", "t")], "seen"] * 3, [give], name="clerk"), "go")


@program
def the_model_asks_with_json_that_looks_like_encoded_bytes(lab: Lab) -> None:
    @tool
    def take(value: dict[str, Any]) -> str:
        """Take a value.

        Args:
            value: Any.
        """
        lab.effect(value)
        return "taken"

    lab.ask(lab.agent([[use("take", "t", value={"$bytes": "abc"})], "done"], [take]), "go")


@program
def a_tool_returns_nested_json(lab: Lab) -> None:
    lab.ask(lab.agent([[use("give", "t")], "seen"], [returning(lab, lambda: {"a": [1, {"b": None}], "é": "ü"})]), "go")


@program
def a_tool_returns_nothing(lab: Lab) -> None:
    lab.ask(lab.agent([[use("give", "t")], "seen"], [returning(lab, lambda: None)]), "go")


@program
def a_tool_returns_a_date_which_is_not_json(lab: Lab) -> None:
    give = returning(lab, lambda: dt.date(2026, 1, 2))
    lab.ask(lab.agent([[use("give", "t")], "seen"], [give]), "go")


@program
def a_tool_returns_a_set_inside_its_json(lab: Lab) -> None:
    give = returning(lab, lambda: {"status": "success", "content": [{"json": {"words": {"one"}}}]})
    lab.ask(lab.agent([[use("give", "t")], "seen"], [give]), "go")


@program
def a_tool_returns_a_tuple_and_a_number_as_key(lab: Lab) -> None:
    give = returning(lab, lambda: {"status": "success", "content": [{"json": {"pair": (1, 2), 3: "three"}}]})
    lab.ask(lab.agent([[use("give", "t")], "seen"], [give]), "go")


@program
def a_tool_calls_another_tool_directly(lab: Lab) -> None:
    @tool(context=True)
    def relay(text: str, tool_context: ToolContext) -> str:
        """Relay.

        Args:
            text: What.
        """
        result = tool_context.agent.tool.note(text=text, record_direct_tool_call=False)
        return f"relayed {result['content'][0]['text']}"

    lab.ask(lab.agent([[use("relay", "t", text="x")], "done"], [relay, note(lab)]), "go")


@program
def a_program_calls_a_tool_directly_between_two_runs(lab: Lab) -> None:
    agent = lab.agent([[use("note", "t", text="x")], "one", "two"], [note(lab)])
    lab.ask(agent, "go")
    agent.messages.append({"role": "user", "content": [{"text": "a message of the program's own"}]})
    agent.messages.append({"role": "assistant", "content": [{"text": "and its answer"}]})
    lab.ask(agent, "again")


@program
def a_tool_registers_another_tool_for_the_next_turn(lab: Lab) -> None:
    @tool(context=True)
    def hire(tool_context: ToolContext) -> str:
        """Hire."""
        tool_context.agent.tool_registry.register_tool(note(lab))
        return "hired"

    lab.ask(lab.agent([[use("hire", "t")], [use("note", "n", text="x")], "done"], [hire]), "go")


@program
def a_tool_takes_the_id_of_its_call(lab: Lab) -> None:
    @tool(context=True)
    def sign(tool_context: ToolContext) -> str:
        """Sign."""
        lab.effect(tool_context.tool_use["toolUseId"])
        return tool_context.tool_use["toolUseId"]

    lab.ask(lab.agent([[use("sign", "one"), use("sign", "two")], "done"], [sign]), "go")
