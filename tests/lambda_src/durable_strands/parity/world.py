"""What a program can touch outside its agents: paid models, side effects, people who answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from strands.models import Model

from durable_strands.testing import Reply
from tests.lambda_src.durable_strands.scripted import USAGE, asking

# Ids that Strands draws at random: they tell nothing about behaviour.
_DRAWN = re.compile(r"tooluse_[A-Za-z0-9_]+|[0-9a-f]{8}-[0-9a-f-]{27}")
_UNTOLD = ("metadata", "tracking_id")


def plain(value: Any) -> Any:
    """`value` as JSON that can be compared: bytes named as such, drawn ids and clocks left out."""
    if isinstance(value, str):
        return _DRAWN.sub("ID", value)
    if isinstance(value, bytes | bytearray):
        return f"bytes:{value.hex()}"
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items() if key not in _UNTOLD}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return f"a {type(value).__name__}"


@dataclass
class World:
    """Lives as long as the execution, through every process that works on it.

    Attributes:
        effects: What tools did, each once.
        paid: The request of each model call that was answered: model and what it was shown.
        attempts: Model calls by model, those that failed included.
        asked: Callback ids and interrupt names of people who were asked.
        warm: What a warm process keeps between invocations.
    """

    effects: list[Any] = field(default_factory=list)
    paid: list[Any] = field(default_factory=list)
    attempts: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    warm: dict[str, Any] = field(default_factory=dict)


class PaidModel(Model):
    """Answers call N with script[N], whoever makes it: a call too many shifts every later answer.

    An entry is a text, a list of tool uses, a dict of text and stop, an exception to raise, or a function of the
    messages that returns one of these. Only a call that is answered is paid.
    """

    stateful = False

    def __init__(self, world: World, name: str, script: list[Any]) -> None:
        self._world, self._name, self._script = world, name, script

    def update_config(self, **_config: Any) -> None:
        raise AssertionError("no program changes its model's configuration")

    def get_config(self) -> dict[str, Any]:
        return {"model_id": self._name}

    async def structured_output(self, *_args: Any, **_kwargs: Any) -> Any:
        raise AssertionError("Strands asks through tools")
        yield

    async def stream(self, messages: Any, tool_specs: Any = None, system_prompt: Any = None, **_kwargs: Any) -> Any:
        turn = self._world.attempts.get(self._name, 0)
        self._world.attempts[self._name] = turn + 1
        if turn >= len(self._script):
            raise AssertionError(f"{self._name} was called more often than its script")
        reply = self._script[turn]
        reply = reply(messages) if callable(reply) else reply
        if isinstance(reply, BaseException):
            raise reply
        tools = [spec["name"] for spec in tool_specs or []]
        self._world.paid.append(plain([self._name, system_prompt, tools, messages]))
        for event in _reply(reply).events(turn):
            yield event


def _reply(entry: Any) -> Reply:
    if isinstance(entry, dict):
        return Reply(entry["text"], stop_reason=entry["stop"], usage=USAGE)
    return Reply(entry, usage=USAGE) if isinstance(entry, str) else asking(entry)
