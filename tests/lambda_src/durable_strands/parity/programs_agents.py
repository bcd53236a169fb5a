"""Programs about several agents, several models, structured answers and people."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from mcp import StdioServerParameters, stdio_client
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, computed_field
from strands import Agent, ToolContext, tool
from strands.hooks import BeforeToolCallEvent, BeforeToolsEvent
from strands.models.routing import ModelRouter
from strands.multiagent import GraphBuilder, Swarm
from strands.tools.mcp import MCPClient

from tests.lambda_src.durable_strands.parity.lab import Lab
from tests.lambda_src.durable_strands.parity.programs_state import halt, remember
from tests.lambda_src.durable_strands.parity.table import note, program, slow
from tests.lambda_src.durable_strands.scripted import tool_use as use
from tests.lambda_src.durable_strands.test_mcp_and_deadline import SERVER


@program
def an_agent_is_a_tool_of_another(lab: Lab) -> None:
    helper = lab.agent([[use("note", "h", text="x")], "helped"], [note(lab)], name="helper")
    lab.ask(lab.agent([[use("helper", "t", input="help")], "done"], [helper.as_tool()]), "go")


@program
def an_agent_that_is_a_tool_keeps_its_context(lab: Lab) -> None:
    helper = lab.agent(["first help", "second help"], name="helper")
    turns: list[Any] = [[use("helper", "t", input="one")], [use("helper", "u", input="two")], "done"]
    lab.ask(lab.agent(turns, [helper.as_tool(preserve_context=True)]), "go")


@program
def an_agent_that_is_a_tool_keeps_its_context_from_run_to_run(lab: Lab) -> None:
    helper = lab.agent(["first help", "second help"], name="helper")
    turns: list[Any] = [[use("helper", "t", input="one")], "done", [use("helper", "u", input="two")], "done"]
    agent = lab.agent(turns, [helper.as_tool(preserve_context=True)])
    lab.ask(agent, "go")
    lab.ask(agent, "again")


@program
def an_agent_that_is_a_tool_writes_its_own_state(lab: Lab) -> None:
    script: list[Any] = [[use("remember", "h", key="words", value="x")], "helped"]
    helper = lab.agent(script, [remember], name="helper")
    lab.ask(lab.agent([[use("helper", "t", input="help")], "done"], [helper.as_tool(preserve_context=True)]), "go")


@program
def an_agent_that_is_a_tool_has_an_agent_as_tool(lab: Lab) -> None:
    deepest = lab.agent([[use("note", "n", text="x")], "deep"], [note(lab)], name="deepest")
    helper = lab.agent([[use("deepest", "h", input="deeper")], "helped"], [deepest.as_tool()], name="helper")
    lab.ask(lab.agent([[use("helper", "t", input="help")], "done"], [helper.as_tool()]), "go")


@program
def an_agent_delegates_its_answer_to_another(lab: Lab) -> None:
    helper = lab.agent([[use("note", "h", text="x")], "the helper's answer"], [note(lab)], name="helper")
    lab.ask(lab.agent([[use("helper", "t", input="help")], "never"], [helper.as_tool(delegate=True)]), "go")


@program
def two_agents_are_tools_of_one_turn(lab: Lab) -> None:
    helpers = [lab.agent([f"{name} helped"], name=name).as_tool() for name in ("left", "right")]
    turn = [use("left", "l", input="help"), use("right", "r", input="help")]
    lab.ask(lab.agent([turn, "done"], helpers), "go")


def _inner(lab: Lab, body: Any) -> None:
    @tool
    def research(topic: str) -> str:
        """Research.

        Args:
            topic: What.
        """
        lab.effect(topic)
        answer: str = body(topic)
        return answer

    lab.ask(lab.agent([[use("research", "t", topic="tides")], "done"], [research]), "go")


@program
def a_tool_builds_an_agent_and_asks_it(lab: Lab) -> None:
    def body(topic: str) -> str:
        inner = Agent(model=lab.model("inner", [[use("note", "i", text="x")], "found"]), tools=[note(lab)],
                      callback_handler=None)  # fmt: skip
        return str(inner(topic))

    _inner(lab, body)


@program
def an_async_tool_builds_an_agent_and_awaits_it(lab: Lab) -> None:
    @tool
    async def research(topic: str) -> str:
        """Research.

        Args:
            topic: What.
        """
        inner = Agent(model=lab.model("inner", ["found"]), callback_handler=None)
        return str(await inner.invoke_async(topic))

    lab.ask(lab.agent([[use("research", "t", topic="tides")], "done"], [research]), "go")


@program
def a_tool_runs_a_graph_of_agents(lab: Lab) -> None:
    def body(topic: str) -> str:
        builder = GraphBuilder()
        for name in ("first", "second"):
            agent = Agent(model=lab.model(name, [f"{name} says"]), name=name, callback_handler=None)
            builder.add_node(agent, name)
        builder.add_edge("first", "second")
        builder.set_execution_timeout(60)
        return str(builder.build()(topic).status)

    _inner(lab, body)


@program
def a_tool_runs_a_swarm_of_agents(lab: Lab) -> None:
    def body(topic: str) -> str:
        return str(Swarm([Agent(model=lab.model("bee", ["buzz"]), name="bee", callback_handler=None)])(topic).status)

    _inner(lab, body)


@program
def a_router_falls_back_to_the_second_model(lab: Lab) -> None:
    router = ModelRouter([lab.model("first", [ValueError("broken")] * 9), lab.model("second", ["fallen back"])])
    lab.ask(lab.agent(router), "go")


@program
def a_router_falls_back_in_the_middle_of_a_run(lab: Lab) -> None:
    first = lab.model("first", [[use("note", "t", text="x")], ValueError("broken")])
    router = ModelRouter([first, lab.model("second", [[use("note", "u", text="y")], "fallen back"])])
    lab.ask(lab.agent(router, [note(lab)]), "go")


class Aliased(BaseModel):
    """An answer under another name."""

    title: str = Field(alias="headline")


class Excluding(BaseModel):
    """An answer that hides a field when it is dumped."""

    text: str
    hidden: str = Field(default="nothing", exclude=True)


class Computing(BaseModel):
    """An answer that refuses what it does not know, and computes."""

    model_config = ConfigDict(extra="forbid")
    text: str

    @computed_field  # type: ignore[prop-decorator]
    @property
    def length(self) -> int:
        return len(self.text)


class Secret(BaseModel):
    """An answer with a secret."""

    key: SecretStr


class Price(BaseModel):
    """An answer whose validators change their input."""

    text: Annotated[str, AfterValidator(lambda text: f"${text}")]
    size: Annotated[int, BeforeValidator(lambda size: int(size) * 2)]


def _structured(lab: Lab, kind: type[BaseModel], **answer: Any) -> None:
    script: list[Any] = [[use("note", "t", text="x")], [use(kind.__name__, "s", **answer)], "thanks"]
    agent = lab.agent(script, [note(lab)])
    lab.ask(agent, "go", structured_output_model=kind)
    lab.ask(agent, "thank you")


@program
def a_structured_answer_has_an_alias(lab: Lab) -> None:
    _structured(lab, Aliased, headline="news")


@program
def a_structured_answer_excludes_a_field(lab: Lab) -> None:
    _structured(lab, Excluding, text="a", hidden="b")


@program
def a_structured_answer_has_a_computed_field(lab: Lab) -> None:
    _structured(lab, Computing, text="abc")


@program
def a_structured_answer_holds_a_secret(lab: Lab) -> None:
    script = [[use("Secret", "s", key="k-123")]]
    result = lab.ask(lab.agent(script), "go", structured_output_model=Secret)
    lab.results.append(result.structured_output.key.get_secret_value())  # type: ignore[union-attr]


@program
def a_structured_answer_is_changed_by_its_validators(lab: Lab) -> None:
    _structured(lab, Price, text="5", size=1)


@program
def a_structured_answer_is_rejected_once_by_its_model(lab: Lab) -> None:
    wrong, right = [use("Price", "a", text="5", size="many")], [use("Price", "b", text="5", size=1)]
    lab.ask(lab.agent([wrong, right]), "go", structured_output_model=Price)


@program
def a_structured_answer_is_forced_when_the_model_writes_text(lab: Lab) -> None:
    script: list[Any] = ["just text", [use("Excluding", "s", text="a")]]
    lab.ask(lab.agent(script, structured_output_model=Excluding), "go")


@tool(context=True)
def ask_person(question: str, tool_context: ToolContext) -> str:
    """Ask a person.

    Args:
        question: What.
    """
    return f"the person says {tool_context.interrupt(question, reason='a person decides')}"


@program
def a_tool_interrupts_and_a_person_answers(lab: Lab) -> None:
    script: list[Any] = [[use("ask_person", "t", question="ok")], "done"]
    lab.ask(lab.agent(script, [ask_person]), "go", answers={"ok": "yes"})


@program
def two_tools_of_one_turn_interrupt_beside_a_third(lab: Lab) -> None:
    turn = [use("ask_person", "a", question="one"), use("ask_person", "b", question="two"), use("note", "n", text="x")]
    lab.ask(lab.agent([turn, "done"], [ask_person, note(lab)]), "go", answers={"one": "yes", "two": {"no": ["not"]}})


@program
def a_stop_tool_beside_a_tool_that_interrupts_ends_the_loop(lab: Lab) -> None:
    turn = [use("halt", "h"), use("ask_person", "a", question="ok")]
    lab.ask(lab.agent([turn, "never"], [halt, ask_person]), "go", answers={"ok": "yes"})


@program
def a_tool_changes_the_state_before_it_interrupts(lab: Lab) -> None:
    @tool(context=True)
    def ask_and_count(tool_context: ToolContext) -> str:
        """Ask and count."""
        asked = tool_context.agent.state.get("asked") or 0
        tool_context.agent.state.set("asked", asked + 1)
        return str(tool_context.interrupt("ok"))

    lab.ask(lab.agent([[use("ask_and_count", "t")], "done"], [ask_and_count]), "go", answers={"ok": "yes"})


@program
def a_tool_interrupts_twice_in_one_call(lab: Lab) -> None:
    @tool(context=True)
    def ask_twice(tool_context: ToolContext) -> str:
        """Ask twice."""
        return f"{tool_context.interrupt('first')} {tool_context.interrupt('second')}"

    lab.ask(lab.agent([[use("ask_twice", "t")], "done"], [ask_twice]), "go", answers={"first": "1", "second": "2"})


@program
def a_hook_interrupts_before_a_tool(lab: Lab) -> None:
    def approve(event: BeforeToolCallEvent) -> None:
        if event.interrupt("approve", reason=event.tool_use["input"]) != "yes":
            event.cancel_tool = "not approved"

    agent = lab.agent([[use("note", "t", text="x")], "done"], [note(lab)])
    agent.add_hook(approve, BeforeToolCallEvent)
    lab.ask(agent, "go", answers={"approve": "yes"})


@program
def a_hook_interrupts_before_all_tools_of_a_turn(lab: Lab) -> None:
    def approve(event: BeforeToolsEvent) -> None:
        event.cancel = event.interrupt("approve") != "yes"

    agent = lab.agent([[use("note", "t", text="x"), use("note", "u", text="y")], "done"], [note(lab)])
    agent.add_hook(approve, BeforeToolsEvent)
    lab.ask(agent, "go", answers={"approve": "yes"})


@program
def an_agent_that_is_a_tool_interrupts(lab: Lab) -> None:
    helper = lab.agent([[use("ask_person", "h", question="ok")], "helped"], [ask_person], name="helper")
    script: list[Any] = [[use("helper", "t", input="help")], "done"]
    lab.ask(lab.agent(script, [helper.as_tool()]), "go", answers={"ok": "yes"})


@slow
@program
def an_mcp_server_brings_the_tools(lab: Lab) -> None:
    parameters = StdioServerParameters(command=sys.executable, args=[str(SERVER), "/dev/null"])
    with MCPClient(lambda: stdio_client(parameters)) as client:  # type: ignore[arg-type, return-value]
        agent = lab.agent([[use("look_up", "t", word="tide")], "done"], client.list_tools_sync())
        lab.ask(agent, "go")
