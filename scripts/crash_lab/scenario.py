"""What the model says in the lab, and which call each durable step must therefore make. Pure data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

AGENTS_FOLDER = Path(__file__).parent / "agents"
AGENTS = ("research", "analysis", "summary")
EVENT = {"query": "durable execution of language-model agents"}
EDITORS_ANSWER = "what it costs"
MODEL_ID = "us.anthropic.claude-sonnet-4-6"
# USD per million tokens: any table will do, as long as every kind of token has a price and so shows in the ledger.
PRICES = {MODEL_ID: {"input": "3", "output": "15", "cache_read": "0.3", "cache_write": "3.75", "as_of": "the lab"}}

# One tuple per turn of the research agent: the tools that it asks for together.
RESEARCH_TOOLS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("search", "prices"), ("search", "limits"), ("read_page", "faq")),
    (("ask_editor", "which angle?"), ("read_page", "pricing")),
    (("take_note", "checkpoints are cheap"),),
)
THROTTLED = "model:research:3"
"""The model call that is throttled once where a point needs a RETRY."""
_ARGUMENT = {"search": "query", "read_page": "address", "ask_editor": "question", "take_note": "text"}


@dataclass(frozen=True)
class Call:
    """One model or tool call of the scenario.

    path: its durable step, from the root.
    witness: what an outsider sees of it: "model:<agent>:<turn>" at the model's endpoint, "<tool>:<argument>" on disk.
    """

    path: str
    witness: str


def environment() -> dict[str, str]:
    """What the function's environment must hold beside the lab's own files."""
    return {
        "AGENTS_FOLDER": str(AGENTS_FOLDER),
        "MODEL_PRICES": json.dumps(PRICES),
        "RETRY_INITIAL_DELAY_SECONDS": "1",
    }


def script(faults: dict[str, str] | None = None) -> dict[str, Any]:
    """The script for the Bedrock endpoint.

    Args:
        faults: witness of a model call -> the fault that meets its first request. Default: none.
    """
    given = faults or {}
    replies = []
    for agent in AGENTS:
        turns = RESEARCH_TOOLS if agent == "research" else ()
        for turn in range(1, len(turns) + 2):
            tools = turns[turn - 1] if turn <= len(turns) else ()
            fault = given.get(model_witness(agent, turn))
            replies.append(_reply(agent, turn, tools) | ({"faults": [fault]} if fault else {}))
    return {"replies": replies}


def calls() -> tuple[Call, ...]:
    """Every call of an undisturbed run."""
    found: list[Call] = []
    for agent in AGENTS:
        turns = RESEARCH_TOOLS if agent == "research" else ()
        tools = 0
        for turn in range(1, len(turns) + 2):
            found.append(Call(f"{agent}-agent/model-{turn}", model_witness(agent, turn)))
            asked = turns[turn - 1] if turn <= len(turns) else ()
            group = f"tools-{turn}/" if len(asked) > 1 else ""
            for name, argument in asked:
                tools += 1
                found.append(Call(f"{agent}-agent/{group}tool-{tools}-{name}{_inside(name)}", f"{name}:{argument}"))
    return tuple(found)


def model_witness(agent: str, turn: int) -> str:
    """How the model's endpoint knows a call."""
    return f"model:{agent}:{turn}"


def _inside(tool: str) -> str:
    """The step below a tool that waits: the one that sends the question."""
    return "/editor/editor submitter" if tool == "ask_editor" else ""


def _reply(agent: str, turn: int, tools: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return {
        "agent": agent,
        "turn": turn,
        "text": f"The {agent} agent says in turn {turn}: " + " ".join(f"finding {n}," for n in range(1, 13)),
        "tool_uses": [{"name": name, "input": {_ARGUMENT[name]: argument}} for name, argument in tools],
        # no two calls cost the same, so a call counted twice or left out changes every sum
        "usage": {
            "inputTokens": 1000 + 100 * turn + 7 * AGENTS.index(agent),
            "outputTokens": 200 + 10 * turn + AGENTS.index(agent),
            "cacheReadInputTokens": 300 + turn,
            "cacheWriteInputTokens": 50 + turn,
        },
    }
