"""Three agents in a row; the first has tools side by side, a single one, and one that waits for a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scripts.crash_lab.scenario import Call, Scenario, says

NAMES = ("research", "analysis", "summary")
# One tuple per turn of the research agent: the tools that it asks for together.
TURNS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("search", "prices"), ("search", "limits"), ("read_page", "faq")),
    (("ask_editor", "which angle?"), ("read_page", "pricing")),
    (("take_note", "checkpoints are cheap"),),
)
_ARGUMENT = {"search": "query", "read_page": "address", "ask_editor": "question", "take_note": "text"}


def _asked(agent: str) -> Iterator[tuple[int, tuple[tuple[str, str], ...]]]:
    """Each turn of an agent and its tools; the last has none."""
    yield from enumerate((*(TURNS if agent == "research" else ()), ()), 1)


def _witness(agent: str, turn: int) -> str:
    return f"model:{agent}:{turn}"


def _replies() -> Iterator[dict[str, Any]]:
    number = 0
    for agent in NAMES:
        for turn, tools in _asked(agent):
            number += 1
            uses = [{"name": name, "input": {_ARGUMENT[name]: argument}} for name, argument in tools]
            yield says(number, agent, _witness(agent, turn), turn=turn, tool_uses=uses)


def _calls() -> Iterator[Call]:
    for agent in NAMES:
        tool = 0
        for turn, tools in _asked(agent):
            yield Call(f"{agent}-agent/model-{turn}", _witness(agent, turn))
            group = f"tools-{turn}/" if len(tools) > 1 else ""
            for name, argument in tools:
                tool += 1
                # below a tool that waits: the step that sends the question
                inside = "/editor/editor submitter" if name == "ask_editor" else ""
                yield Call(f"{agent}-agent/{group}tool-{tool}-{name}{inside}", f"{name}:{argument}")


TOOLS = Scenario(
    name="tools",
    event={"query": "durable execution of language-model agents"},
    replies=tuple(_replies()),
    calls=tuple(_calls()),
    answers={"editor": "what it costs"},
    throttled=_witness("research", 3),
)
