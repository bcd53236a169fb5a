"""Random agents.toml: near misses of a good one, broken syntax, depth."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st

from agent_workflow.agents import read_agents
from agent_workflow.errors import InvalidConfiguration
from scripts.fuzz.sweep import MARK, Broken

DEEP = 3_000
LONGEST_MESSAGE = 500
NAMES = ("research", "analysis", "summary")
GOOD = {"name": '"research"', "inputs": '["query"]', "model": '"us.amazon.nova-lite-v1:0"', "max_tokens": "100"}

_scalars = st.one_of(
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["true", "false", "nan", "inf", "1979-05-27", "07:32:00", '""', "0x1F", "[]", "{}", "=", ""]),
    st.text(max_size=20).map(lambda text: json.dumps(MARK + text)),
    st.sampled_from([*NAMES, "query", "status"]).map(json.dumps),
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(
            st.sampled_from(["turns", "total_tokens", "durable", "x", "to", "most", "agent", "rounds"]),
            inner,
            max_size=2,
        ).map(lambda fields: "{" + ", ".join(f"{name} = {value}" for name, value in fields.items()) + "}"),
    ),
    max_leaves=5,
)
_optional = ("temperature", "tools", "tool_options", "limits", "questions", "critic", "surprise")
_agents = st.fixed_dictionaries(
    {name: st.one_of(st.just(value), st.just(value), _values) for name, value in GOOD.items()},
    optional=dict.fromkeys(_optional, _values),
).map(lambda fields: "[[agents]]\n" + "\n".join(f"{name} = {value}" for name, value in fields.items()))

DECLARATIONS = st.one_of(
    st.lists(_agents, max_size=3).map("\n".join),
    _values.map(lambda value: f"agents = {value}"),
    st.text(max_size=60).map(lambda text: f"# {MARK}\n{text}"),
    st.sampled_from(["agents = " + "[" * DEEP, "agents = " + "[" * DEEP + "]" * DEEP, "a." * DEEP + "b = 1"]),
)
"""The text of agents.toml."""


def folder_with_prompts(folder: Path) -> Path:
    """An agents folder that lacks nothing but its agents.toml."""
    (folder / "prompts").mkdir()
    for name in NAMES:
        (folder / "prompts" / f"{name}.md").write_text("You are an agent.\n", encoding="utf-8")
    return folder


def end_of_declaration(folder: Path) -> Callable[[str], tuple[str, str]]:
    """What the two readers make of a declaration: the construct's at synth, the function's at start."""

    def end(text: str) -> tuple[str, str]:
        (folder / "agents.toml").write_text(text, encoding="utf-8", errors="surrogatepass")
        at_synth, at_start = _at_synth(folder), _at_start(folder)
        if at_synth == "" and at_start != "":
            raise Broken(f"the construct deploys what the function refuses: {at_start}")
        for message in (at_synth, at_start):
            if len(message) > LONGEST_MESSAGE or "\n" in message:
                raise Broken(f"a refusal must be one short line, got {message!r}")
        # no text of a caller's: both messages may quote the author's own declaration
        return ("refused" if at_start else "agents"), ""

    return end


def _at_synth(folder: Path) -> str:
    from infra.durable_agent_pipeline.agents.declaration import read_agents as read_at_synth

    try:
        read_at_synth(folder)
    except ValueError as refused:
        return str(refused)
    return ""


def _at_start(folder: Path) -> str:
    try:
        read_agents(folder)
    except InvalidConfiguration as refused:
        return str(refused)
    return ""
