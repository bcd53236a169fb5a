"""The two workloads that are measured, and the replies that Bedrock gives them."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from agent_workflow.agents import AgentSpec, read_agents
from agent_workflow.inputs import QUERY as QUERY_INPUT
from agent_workflow.inputs import compose
from agent_workflow.settings import TASK_ROOT
from scripts.cost_model.texts import FOUND_WORDS, QUERY, REPLY_WORDS, TURN_WORDS, text_of, tokens, words_in

PACKAGED = TASK_ROOT / "agents"
TEN_TURNS = Path(__file__).parent / "ten_turns"
TURNS = 10
FAILING_TURN = 9
SEARCH = {"query": "durable execution checkpoint cost"}

Reply = dict[str, Any]


@dataclass(frozen=True)
class Story:
    """A workload and where it fails.

    Attributes:
        title: for people.
        point: where it fails, for people.
        folder: its agents.
        replies: of the scripted Bedrock endpoint, without faults.
        fails_at: (agent, turn) of the call that is throttled.
    """

    title: str
    point: str
    folder: Path
    replies: Sequence[Reply]
    fails_at: tuple[str, int]

    def script(self, failures: int) -> dict[str, Any]:
        """The endpoint's script with the failing call throttled `failures` times before it is answered."""
        faults = {"faults": ["throttle"] * failures}
        return {
            "replies": [
                reply | (faults if (reply["agent"], reply["turn"]) == self.fails_at else {}) for reply in self.replies
            ]
        }


def stories(scratch: Path) -> tuple[Story, Story]:
    """The packaged three agents that fail at their third step, and a ten-turn agent that fails at turn nine.

    Args:
        scratch: an empty folder for the agents.
    """
    folder = _three_agents(scratch / "three")
    three = read_agents(folder)
    (researcher,) = read_agents(_ten_turn_agent(scratch, three[0].model))
    return (
        Story("three agents", "step 3", folder, _one_call_each(three), (three[-1].name, 1)),
        Story("research agent, 10 turns", "turn 9", scratch, _with_searches(researcher), ("research", FAILING_TURN)),
    )


def _three_agents(folder: Path) -> Path:
    """The packaged agents less any that was added later: the workload stays, and so do its figures."""
    shutil.copytree(PACKAGED, folder)
    file = folder / "agents.toml"
    head, *entries = re.split(r"(?m)^(?=\[\[agents\]\])", file.read_text(encoding="utf-8"))
    kept = (entry for entry in entries if tomllib.loads(entry)["agents"][0]["name"] in REPLY_WORDS)
    file.write_text("".join((head, *kept)), encoding="utf-8")
    return folder


def _ten_turn_agent(folder: Path, model: str) -> Path:
    declaration = Template((TEN_TURNS / "agents.toml").read_text(encoding="utf-8"))
    (folder / "agents.toml").write_text(declaration.substitute(model=model), encoding="utf-8")
    shutil.copy(TEN_TURNS / "tools.py", folder)
    (folder / "prompts").mkdir()
    shutil.copy(PACKAGED / "prompts" / "research.md", folder / "prompts")
    return folder


def _one_call_each(agents: Sequence[AgentSpec]) -> list[Reply]:
    texts = {QUERY_INPUT: QUERY}
    replies = []
    for agent in agents:
        sent = words_in(agent.prompt, compose(agent.inputs, texts))
        texts[agent.name] = text_of(REPLY_WORDS[agent.name])
        replies.append(_reply(agent, 1, texts[agent.name], sent, REPLY_WORDS[agent.name]))
    return replies


def _with_searches(agent: AgentSpec) -> list[Reply]:
    """Nine turns of a search each, then the answer; every request carries the conversation so far."""
    sent = words_in(agent.prompt, compose(agent.inputs, {QUERY_INPUT: QUERY}))
    said = TURN_WORDS + words_in(json.dumps(SEARCH))
    replies = []
    for turn in range(1, TURNS):
        reply = _reply(agent, turn, text_of(TURN_WORDS), sent, said)
        replies.append(reply | {"tool_uses": [{"name": "search", "input": SEARCH}]})
        sent += said + FOUND_WORDS
    words = REPLY_WORDS[agent.name]
    return [*replies, _reply(agent, TURNS, text_of(words), sent, words)]


def _reply(agent: AgentSpec, turn: int, text: str, words_sent: int, words_said: int) -> Reply:
    usage = {"inputTokens": tokens(words_sent), "outputTokens": tokens(words_said)}
    return {"agent": agent.name, "turn": turn, "text": text, "usage": usage}
