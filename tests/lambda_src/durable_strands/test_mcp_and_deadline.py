"""MCP tools are checkpoints too; a call that would outlive its invocation moves to the next one."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from mcp import StdioServerParameters, stdio_client
from strands import Agent
from strands.tools.mcp import MCPClient
from strands.types.exceptions import ModelThrottledException

from durable_strands import run
from durable_strands.records import Usage
from tests.lambda_src.durable_strands.engine import Watcher, on_engine
from tests.lambda_src.durable_strands.scripted import ScriptedModel, tool_use

SERVER = Path(__file__).with_name("mcp_server.py")


def test_an_mcp_tool_is_called_once_although_the_run_was_replayed(tmp_path):
    written = tmp_path / "calls"
    model = ScriptedModel([[tool_use("look_up", word="tide")], "done"], {1: [ModelThrottledException("wait")]})
    parameters = StdioServerParameters(command=sys.executable, args=[str(SERVER), str(written)])

    def body(context):
        with MCPClient(lambda: stdio_client(parameters)) as client:  # type: ignore[arg-type, return-value]
            tools = client.list_tools_sync()
            agent = Agent(model=model, tools=tools, callback_handler=None)
            return run(context, lambda: agent, "go", name="a").text

    outcome = on_engine(body)
    assert outcome.value == "done"
    assert outcome.invocations == 2
    assert "a/tool-1-look_up" in outcome.names
    assert "tide\n" in written.read_text().replace("started\n", "")


class SlowOnce(ScriptedModel):
    """Takes too long at its first call."""

    async def stream(self, messages, *args, **kwargs):
        if not self.calls:
            self.calls.append(-1)
            await asyncio.sleep(30)
        async for event in super().stream(messages, *args, **kwargs):
            yield event


def test_a_call_near_the_lambda_timeout_is_cut_and_made_again_in_a_new_invocation():
    model, watcher = SlowOnce(["done"]), Watcher()
    margins = iter([896, 10])  # the runner's invocations last 900 seconds: four are left to the first

    def body(context):
        margin = next(margins)
        return run(
            context,
            lambda: Agent(model=model, callback_handler=None),
            "go",
            name="a",
            observer=watcher,
            deadline_margin_seconds=margin,
        ).text

    outcome = on_engine(body)
    assert outcome.value == "done"
    assert outcome.invocations == 2
    assert watcher.failed == [("model-1", 1, "DeadlineExceeded")]
    assert model.calls == [-1, 0]


def test_no_call_is_begun_when_no_time_is_left():
    model, watcher = ScriptedModel(["done"]), Watcher()
    margins = iter([10_000, 10])

    def body(context):
        margin = next(margins)
        build = Agent(model=model, callback_handler=None)
        return run(context, lambda: build, "go", name="a", observer=watcher, deadline_margin_seconds=margin).text

    assert on_engine(body).value == "done"
    assert watcher.failed == [("model-1", 1, "DeadlineExceeded")]
    assert model.calls == [0]


def test_cache_tokens_are_counted_exactly_across_a_replay():
    usage = {
        "inputTokens": 7,
        "outputTokens": 3,
        "totalTokens": 10,
        "cacheReadInputTokens": 90,
        "cacheWriteInputTokens": 5,
    }
    script = [[tool_use("look_up", word="x")], {"text": "done", "usage": usage}, "again"]
    model = ScriptedModel(script, {1: [ModelThrottledException("wait")]})

    def body(context):
        return vars(run(context, lambda: Agent(model=model, callback_handler=None), "go", name="a").usage)

    outcome = on_engine(body)
    assert Usage(**outcome.value) == Usage(107, 13, 90, 5)
