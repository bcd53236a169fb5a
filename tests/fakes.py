"""A scripted Strands model that counts what is really asked of it, and an agent to run on it."""

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strands.models import Model

MODEL_ID = "us.anthropic.claude-sonnet-4-6"
"""What agents.toml declares for every agent."""
NULL = object()
"""The usage of a metadata event whose `usage` is null."""


@dataclass(frozen=True)
class Reply:
    """One scripted answer, in the terms of Bedrock's Converse."""

    text: str = "text"
    tool_uses: tuple[tuple[str, dict[str, Any]], ...] = ()
    stop_reason: str | None = None
    usage: Any = field(default_factory=lambda: {"inputTokens": 100, "outputTokens": 50, "totalTokens": 150})
    """None: the stream ends without its metadata event."""


class FakeModel(Model):
    """Answers call n with entry n of its script; an exception in the script is raised instead.

    The script is used up by calls that are really made, never by a replay: `calls` is the number a bill would show.

    Attributes:
        calls: calls made so far.
        prompts: for each call, the text of the last user message.
        system_prompts: for each call, the system prompt.
    """

    def __init__(self, *script: "Reply | Exception | str", model_id: str = MODEL_ID) -> None:
        self.calls = 0
        self.prompts: list[str] = []
        self.system_prompts: list[str | None] = []
        self._script: Sequence[Reply | Exception | str] = script or ("text",)
        self._model_id = model_id

    def update_config(self, **model_config: Any) -> None:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return {"model_id": self._model_id}

    def structured_output(self, output_model: Any, prompt: Any, system_prompt: Any = None, **kwargs: Any) -> Any:
        raise NotImplementedError

    async def stream(
        self, messages: Any, tool_specs: Any = None, system_prompt: str | None = None, **_kwargs: Any
    ) -> AsyncGenerator[Any, None]:
        entry = self._script[min(self.calls, len(self._script) - 1)]
        self.calls += 1
        self.prompts.append("".join(block.get("text", "") for block in messages[-1]["content"]))
        self.system_prompts.append(system_prompt)
        if isinstance(entry, Exception):
            raise entry.with_traceback(None)  # else each retry adds the frames of the one before
        for event in _events(Reply(entry) if isinstance(entry, str) else entry, self.calls):
            yield event


def _events(reply: Reply, call: int) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = [{"messageStart": {"role": "assistant"}}]
    if reply.text:
        events += [
            {"contentBlockDelta": {"delta": {"text": reply.text}}},
            {"contentBlockStop": {}},
        ]
    for index, (name, given) in enumerate(reply.tool_uses):
        tool_use_id = f"use-{call}-{index}"
        events += [
            {"contentBlockStart": {"start": {"toolUse": {"name": name, "toolUseId": tool_use_id}}}},
            {"contentBlockDelta": {"delta": {"toolUse": {"input": json.dumps(given)}}}},
            {"contentBlockStop": {}},
        ]
    stop = reply.stop_reason or ("tool_use" if reply.tool_uses else "end_turn")
    events.append({"messageStop": {"stopReason": stop}})
    if reply.usage is not None:
        usage = None if reply.usage is NULL else reply.usage
        events.append({"metadata": {"usage": usage, "metrics": {"latencyMs": 7}}})
    return events


def declare_clerk(folder: Path, answer: str) -> None:
    """An agents folder with one agent, `clerk`, whose tool `look_up(key)` returns the Python expression `answer`."""
    (folder / "prompts").mkdir()
    (folder / "prompts" / "clerk.md").write_text("You are a clerk.")
    (folder / "agents.toml").write_text(
        '[[agents]]\nname = "clerk"\ninputs = ["query"]\nmodel = "a.model"\nmax_tokens = 10\ntools = ["look_up"]\n'
    )
    (folder / "tools.py").write_text(
        "from strands import tool\n\n\n"
        f"@tool\ndef look_up(key: str) -> str:\n    '''Look up a key.'''\n    return {answer}\n"
    )
