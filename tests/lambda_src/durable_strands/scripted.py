"""A Strands model that answers from a script and counts its calls."""

from __future__ import annotations

import asyncio
from typing import Any

from strands.models import Model

from durable_strands.testing import Reply

USAGE = {"inputTokens": 100, "outputTokens": 10, "totalTokens": 110}


def tool_use(name: str, tool_id: str | None = None, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "toolUseId": tool_id or f"id-{name}-{len(arguments)}", "input": arguments}


def asking(uses: list[dict[str, Any]]) -> Reply:
    """The reply that asks for these tools."""
    return Reply(tool_uses=[(use["name"], use["input"], use["toolUseId"]) for use in uses], usage=USAGE)


class ScriptedModel(Model):
    """Answers turn N with script[N]: a text, a list of tool uses, or a dict of text, stop and usage.

    The turn is the number of assistant messages in the request, so a replayed agent is answered alike.
    """

    stateful = False

    def __init__(self, script: list[Any], faults: dict[int, list[BaseException | str]] | None = None) -> None:
        self.script = script
        self.faults = faults or {}
        self.calls: list[int] = []
        self.config = {"model_id": "scripted"}

    def update_config(self, **config: Any) -> None:
        self.config.update(config)

    def get_config(self) -> dict[str, Any]:
        return self.config

    async def structured_output(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("not used")
        yield

    async def stream(self, messages: Any, tool_specs: Any = None, system_prompt: Any = None, **kwargs: Any) -> Any:
        turn = sum(message["role"] == "assistant" for message in messages)
        self.calls.append(turn)
        pending = self.faults.get(turn, [])
        fault = pending.pop(0) if pending else None
        if isinstance(fault, BaseException):
            raise fault
        reply = self.script[min(turn, len(self.script) - 1)]
        async for event in self._events(reply, fault):
            yield event

    async def _events(self, reply: Any, fault: str | None) -> Any:
        if isinstance(reply, list):
            for event in asking(reply).events(0):
                yield event
            return
        yield {"messageStart": {"role": "assistant"}}
        usage, stop = USAGE, "end_turn"
        if isinstance(reply, dict):
            usage, stop, reply = reply.get("usage", USAGE), reply.get("stop", "end_turn"), reply["text"]
        yield {"contentBlockStart": {"start": {}}}
        for word in reply.split(" "):
            yield {"contentBlockDelta": {"delta": {"text": word + " "}}}
            await asyncio.sleep(0)
            if fault == "disconnect":
                return
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": stop}}
        yield {"metadata": {"usage": usage, "metrics": {"latencyMs": 5}}}
