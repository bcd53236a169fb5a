"""The tools of an MCP server are listed once per execution; a server that changes or is gone does no harm."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcp import StdioServerParameters, stdio_client
from strands import Agent, tool
from strands.tools.mcp import MCPClient
from strands.types.exceptions import ModelThrottledException

from durable_strands import durable_mcp_tools, run
from tests.lambda_src.durable_strands.engine import on_engine
from tests.lambda_src.durable_strands.scripted import ScriptedModel, tool_use

SERVER = Path(__file__).with_name("mcp_server.py")


class Seeing(ScriptedModel):
    """Keeps the names of the tools that it is shown."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.shown: list[list[str]] = []

    async def stream(self, messages: Any, tool_specs: Any = None, *more: Any, **named: Any) -> Any:
        self.shown.append([spec["name"] for spec in tool_specs or []])
        async for event in super().stream(messages, tool_specs, *more, **named):
            yield event


def client_of(log: Path, *words: str) -> MCPClient:
    """A client of a server that writes its starts and calls to `log`; with `words` it lists other tools."""
    parameters = StdioServerParameters(command=sys.executable, args=[str(SERVER), str(log), *words])
    transport: Any = lambda: stdio_client(parameters)  # noqa: E731 - Strands' type is that of another release of mcp
    return MCPClient(transport, prefix="lab")


def played(model: Any, build_clients: Any) -> Any:
    passes = iter(build_clients)

    def body(context: Any) -> str:
        with durable_mcp_tools(context, next(passes), name="tools") as tools:
            agent = Agent(model=model, tools=tools, callback_handler=None)
            return run(context, lambda: agent, "go", name="a").text

    return on_engine(body)


def test_a_replay_neither_asks_the_server_again_nor_sees_that_it_lists_other_tools(tmp_path):
    log = tmp_path / "log"
    model = Seeing([[tool_use("lab_look_up", word="tide")], "done"], {1: [ModelThrottledException("wait")]})
    outcome = played(model, [lambda: client_of(log), lambda: client_of(log, "other")])
    assert outcome.value == "done"
    assert outcome.invocations == 2
    assert outcome.names[:2] == ["tools", "a"]
    assert log.read_text() == "started\ntide\n"
    assert {tuple(names) for names in model.shown} == {("lab_look_up",)}


def test_a_server_that_is_gone_does_no_harm_to_calls_that_have_finished(tmp_path):
    def gone() -> MCPClient:
        raise ConnectionError("nobody there")

    model = Seeing([[tool_use("lab_look_up", word="tide")], "done"], {1: [ModelThrottledException("wait")]})
    assert played(model, [lambda: client_of(tmp_path / "log"), gone]).value == "done"


def test_a_call_that_is_made_in_a_later_invocation_connects_there(tmp_path):
    log = tmp_path / "log"
    model = Seeing([[tool_use("lab_look_up", word="tide")], "done"], {0: [ModelThrottledException("wait")]})
    assert played(model, [lambda: client_of(log)] * 2).value == "done"
    assert log.read_text() == "started\nstarted\ntide\n"


def test_a_server_that_is_gone_at_a_call_is_told_to_the_model(tmp_path):
    def gone() -> MCPClient:
        raise ConnectionError("nobody there")

    model = Seeing([[tool_use("lab_look_up", word="tide")], "sorry"], {0: [ModelThrottledException("wait")]})
    assert played(model, [lambda: client_of(tmp_path / "log"), gone]).value == "sorry"


def test_a_tool_that_is_not_listed_any_more_at_a_replay_keeps_the_answer_it_gave():
    runs: list[str] = []

    @tool
    def look_up(word: str) -> str:
        """Look a word up.

        Args:
            word: What.
        """
        runs.append(word)
        return f"{word} means {word}"

    listed: Iterator[list[Any]] = iter([[look_up], []])
    turn = [tool_use("look_up", "one", word="tide"), tool_use("missing", "two")]
    model = ScriptedModel([turn, "done"], {1: [ModelThrottledException("wait")]})

    def body(context: Any) -> Any:
        agent = Agent(model=model, tools=next(listed), callback_handler=None)
        text = run(context, lambda: agent, "go", name="a").text
        return [text, [block["toolResult"]["content"][0]["text"] for block in agent.messages[2]["content"]]]

    outcome = on_engine(body)
    assert outcome.invocations == 2
    assert runs == ["tide"]
    assert outcome.value[0] == "done"
    assert outcome.value[1][0] == "tide means tide"
    assert "Unknown tool: missing" in outcome.value[1][1]
