"""An agent of several turns over the real wire: what it reads from Bedrock's prompt cache, and what breaks it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from strands import Agent

from agent_workflow import model as module
from agent_workflow.agents import read_agents
from agent_workflow.settings import read_settings
from agent_workflow.strands_agent import build_agent
from durable_strands.records import Usage
from scripts.local_aws.bedrock.script import ScriptBackend, parse_script
from scripts.local_aws.bedrock.serve import serving
from tests.fakes import MODEL_ID, declare_clerk

TURNS = 4
FOUND = 800


@pytest.fixture
def clerk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Builds an agent that looks something up in each turn but its last."""
    declare_clerk(tmp_path, f"'word ' * {FOUND}")
    file = tmp_path / "agents.toml"
    file.write_text(file.read_text().replace("a.model", MODEL_ID))
    look = {"text": "", "tool_uses": [{"name": "look_up", "input": {"key": "x"}}]}
    replies = [{"turn": turn, **look} for turn in range(1, TURNS)]
    script = {"replies": [*replies, {"turn": TURNS, "text": "done"}]}
    (spec,) = read_agents(tmp_path)
    with serving(ScriptBackend(parse_script(json.dumps(script)))) as url:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url)
        settings = read_settings({"AGENTS_FOLDER": str(tmp_path)})
        yield lambda: build_agent(spec, settings)
    module._model.cache_clear()
    module.session.cache_clear()


def usage_of(agent: Agent) -> list[Usage | None]:
    """Of each turn."""
    agent("the query")
    return [
        Usage.of_reply(message["metadata"]["usage"]) for message in agent.messages if message["role"] == "assistant"
    ]


def test_each_turn_reads_what_the_turn_before_it_sent(clerk):
    *turns, last = usage_of(clerk())
    assert all(turns)
    assert last
    sent = [turn.input_tokens + turn.cache_read_tokens + turn.cache_write_tokens for turn in turns if turn]
    assert [turn.cache_read_tokens for turn in turns if turn] == [0, 0, 0], "the first two are too short"
    assert (last.input_tokens, last.cache_read_tokens) == (0, sent[-1])
    assert last.cache_write_tokens > FOUND


def test_a_byte_of_the_system_prompt_that_changes_leaves_nothing_to_read(clerk):
    agent = clerk()
    turns = iter(range(TURNS))
    stream = agent.model.stream

    def planted(*arguments: Any, **named: Any) -> Any:
        named["system_prompt_content"] = [{"text": f"You are a clerk. It is {next(turns)} o'clock."}]
        return stream(*arguments, **named)

    agent.model.stream = planted
    usage = usage_of(agent)
    assert [turn.cache_read_tokens for turn in usage if turn] == [0] * TURNS
    assert usage[-1]
    assert usage[-1].cache_write_tokens > 3 * FOUND
