"""A Strands agent whose model asks for a tool a given number of times, then for one that waits durably, then ends."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from typing import Any

from aws_durable_execution_sdk_python import DurableContext
from strands import Agent, tool
from strands.models import Model

from durable_strands import durable_tool


def looping_agent(turns: int, tools_a_turn: int, pause: Callable[[DurableContext], str]) -> Agent:
    """The agent.

    Args:
        turns: how often it calls its tool.
        tools_a_turn: how many of these calls are made at once.
        pause: what its last tool does; it may wait.
    """

    @durable_tool
    def wait_for_it(context: DurableContext) -> str:
        """Wait."""
        return pause(context)

    model = LoopingModel(turns, tools_a_turn)
    return Agent(model=model, tools=[look_up, wait_for_it], callback_handler=None, conversation_manager=None)


@tool
def look_up(number: int) -> str:
    """Look a number up.

    Args:
        number: Which one.
    """
    return f"entry {number}"


class LoopingModel(Model):
    """Answers at once, by how many replies the conversation already has."""

    def __init__(self, turns: int, tools_a_turn: int) -> None:
        self._turns = turns
        self._tools = tools_a_turn

    def update_config(self, **_config: Any) -> None:
        """There is nothing to configure."""

    def get_config(self) -> dict[str, Any]:
        """The model's id."""
        return {"model_id": "looping"}

    def structured_output(self, *_arguments: Any, **_more: Any) -> Any:
        """Not offered."""
        raise NotImplementedError

    async def stream(self, messages: Any, *_arguments: Any, **_more: Any) -> AsyncGenerator[Any, None]:
        """A tool call, or the end."""
        turn = sum(message["role"] == "assistant" for message in messages)
        if turn > self._turns:
            block: list[dict[str, Any]] = [{"contentBlockDelta": {"delta": {"text": "done"}}}, {"contentBlockStop": {}}]
        elif turn == self._turns:
            block = _tool_use(turn, "wait_for_it", {})
        else:
            block = [e for number in range(self._tools) for e in _tool_use(turn, "look_up", {"number": number})]
        yield {"messageStart": {"role": "assistant"}}
        for event in block:
            yield event
        yield {"messageStop": {"stopReason": "end_turn" if turn > self._turns else "tool_use"}}
        yield {"metadata": {"usage": {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}, "metrics": {}}}


def _tool_use(turn: int, name: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    identity = f"use-{turn}-{given.get('number', 0)}"
    return [
        {"contentBlockStart": {"start": {"toolUse": {"name": name, "toolUseId": identity}}}},
        {"contentBlockDelta": {"delta": {"toolUse": {"input": json.dumps(given)}}}},
        {"contentBlockStop": {}},
    ]
