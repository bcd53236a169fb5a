"""The public names, called right and wrong under a type checker, as a user's editor sees them."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import get_type_hints

import pydantic
import pytest

from durable_strands import choices, run
from durable_strands.teams import run_team

ROOT = Path(__file__).parents[3]

PROGRAM = """
    from aws_durable_execution_sdk_python import DurableContext, durable_execution
    from durable_strands import AgentFailed, Limits, Observer, ToolOptions, retry_transient, run, run_agent
    from durable_strands.testing import Reply, ScriptedModel, run_locally
    from strands import Agent
    from strands.multiagent import GraphBuilder

    def answers(context: DurableContext, agent: Agent) -> str:
        result = run_agent(
            context, agent, "go", name="a", retry=retry_transient(), limits=Limits(turns=3), observer=Observer(),
            tools={"search": ToolOptions(timeout_seconds=5)}, interrupts=lambda callback_id, _: print(callback_id),
        )
        return result.stop_reason + run(context, lambda: agent, "go", name="b").text

    def team(context: DurableContext) -> int:
        return run_agent(context, GraphBuilder().build(), "go", name="g", invocation_state={}).execution_time

    def usage(failure: AgentFailed) -> int:
        return failure.usage.input_tokens + len(failure.calls)

    run_locally(durable_execution(lambda event, context: None), {}, suspend_at=1).invocations + ScriptedModel("x").calls
    ScriptedModel(Reply("x", tool_uses=[("search", {"query": "x"})]), TimeoutError(), "y")
"""

WRONG = {
    "a keyword that does not exist": 'run_agent(context, agent, "go", name="a", retries=3)',
    "a keyword that is gone": 'run_agent(context, agent, "go", name="a", durability="agent")',
    "a keyword that only an agent takes": 'run_agent(context, team, "go", name="a", structured_output_model=int)',
    "a value of another type": 'run_agent(context, agent, "go", name="a", limits=25)',
    "no name": 'run_agent(context, agent, "go")',
    "something that is no agent": 'run_agent(context, "agent", "go", name="a")',
    "no such public name": "from durable_strands import Durability",
    "an entry that is no reply": "ScriptedModel(3)",
    "a tool use without an input": 'Reply(tool_uses=[("search",)])',
}


def checked(tmp_path: Path, text: str) -> list[int]:
    """The lines of a strictly checked program that are wrong."""
    file = tmp_path / "program.py"
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return sorted({int(line) for line in re.findall(r"program\.py:(\d+): error", done.stdout)})


@pytest.mark.slow
def test_a_program_that_is_right_is_clean_and_each_wrong_line_is_told(tmp_path):
    right = textwrap.dedent(PROGRAM)
    head = "\n\ndef wrong(context: DurableContext, agent: Agent, team: MultiAgentBase) -> None:\n"
    text = "from strands.multiagent.base import MultiAgentBase\n" + right + head
    first = len(text.splitlines()) + 1
    text += "".join(f"    {line}\n" for line in WRONG.values())
    assert checked(tmp_path, text) == list(range(first, first + len(WRONG))), text


def test_the_keywords_of_run_agent_are_those_of_run_and_of_a_team():
    names = {"BaseModel": pydantic.BaseModel}
    own = {"context", "build_agent", "prompt", "name", "keep_messages"}
    assert get_type_hints(choices.Choices, localns=names).keys() == inspect.signature(run).parameters.keys() - own
    told = set(re.findall(r"`(\w+)`", (run_team.__doc__ or "").partition("**choices:")[2].partition("Raises:")[0]))
    taken = {*inspect.signature(run_team).parameters, *told} - {"context", "team", "prompt", "name", "choices", "run"}
    assert get_type_hints(choices.TeamChoices, localns=names).keys() == taken
