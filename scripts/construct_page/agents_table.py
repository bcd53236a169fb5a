"""The table of docs/examples/README.md that says what may stand in agents.toml, read from the rule book."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from infra.durable_agent_pipeline.agents.declaration import rule_book

PAGE = Path(__file__).parents[2] / "docs" / "examples" / "README.md"
BEGIN, END = "<!-- printed by scripts/construct_page.py --write -->", "<!-- end of printed -->"


def table() -> str:
    """The block between the marks, as Markdown."""
    rules = rule_book()
    rows = [
        *_rows(rules.Declaration, "", leave_out=("tool_options", "limits", "questions", "critic", "reasoning")),
        *_rows(rules.AgentLimits, "limits."),
        *_rows(rules.ToolChoices, "tool_options.TOOL."),
        *_rows(rules.Questions, "questions."),
        *_rows(rules.Critic, "critic."),
        *_rows(rules.Reasoning, "reasoning."),
    ]
    return "\n".join(["| field of `[[agents]]` | rule | what it is | default |", "|---|---|---|---|", *rows])


def _rows(kind: type, before: str, leave_out: tuple[str, ...] = ()) -> Iterator[str]:
    said = _attributes(kind)
    for one in fields(kind):
        if one.name not in leave_out:
            what, _, default = said[one.name].partition(" Default: ")
            cells = (f"`{before}{one.name}`", one.metadata["rule"].says, what, default or _default(one))
            yield f"| {' | '.join(cell.removesuffix('.') for cell in cells)} |"


def _default(one: Field[Any]) -> str:
    if one.default is MISSING and one.default_factory is MISSING:
        return "required"
    raise ValueError(f"{one.name} must say its default in the rule book")


def _attributes(kind: type) -> dict[str, str]:
    """What the class's documentation says of each attribute."""
    listed = re.split(r"\n {8}(?=[a-z_]+: )", (kind.__doc__ or "").partition("Attributes:")[2])[1:]
    return {name: " ".join(text.split()) for name, _, text in (entry.partition(": ") for entry in listed)}
