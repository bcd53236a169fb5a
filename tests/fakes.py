"""A scripted model as the pipeline's own, and an agent to run on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_workflow import evidence
from durable_strands import testing

MODEL_ID = "us.anthropic.claude-sonnet-4-6"
"""What the packaged agents.toml, and a folder of declare_agents, declare for every agent."""
FAILED_LINE = "agent=<*>, error=<*> | agent failed"
"""What the dashboard looks for in the log, and what the Lambda therefore has to write of a failed agent."""
FROM_MEMORY = f"\n\n{evidence.HEADING}\n\n{evidence.FROM_MEMORY}"
"""What code writes at the end of a report of the packaged flow whose agents cannot read."""
NULL = object()
"""The usage of a metadata event whose `usage` is null."""


@dataclass(frozen=True)
class Reply(testing.Reply):
    """One scripted answer; its usage may also be NULL."""

    text: str = "text"

    def events(self, call: int) -> Iterator[dict[str, Any]]:
        for event in super().events(call):
            unknown = "metadata" in event and self.usage is NULL
            yield {"metadata": {**event["metadata"], "usage": None}} if unknown else event


class FakeModel(testing.ScriptedModel):
    """The scripted model under the id that agents.toml declares."""

    def __init__(self, *script: "Reply | Exception | str", model_id: str = MODEL_ID) -> None:
        super().__init__(*script, model_id=model_id)

    @property
    def prompts(self) -> list[str]:
        """For each call, the text of the last message."""
        return ["".join(block.get("text", "") for block in messages[-1]["content"]) for messages in self.requests]


def declare_agents(folder: Path, **inputs: tuple[str, ...]) -> Path:
    """An agents folder of small agents: their names, in order, with what each reads. Default: the packaged three's."""
    declared = inputs or {
        "research": ("query",),
        "analysis": ("research",),
        "summary": ("query", "research", "analysis"),
    }
    (folder / "prompts").mkdir(parents=True)
    entries = []
    for name, read in declared.items():
        (folder / "prompts" / f"{name}.md").write_text(f"You are the agent of {name}.")
        entries.append(
            f'[[agents]]\nname = "{name}"\ninputs = {list(read)}\nmodel = "{MODEL_ID}"\nmax_tokens = 8192\n'
            "[agents.limits]\nturns = 3\n"
        )
    (folder / "agents.toml").write_text("\n".join(entries))
    return folder


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
