"""Checks an agents folder of the caller's by the function's own rules, before anything is started or paid."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path

from scripts.local_aws.processes.child import REPOSITORY

INSTALL = "; install what it needs: .venv/bin/uv pip install --python .venv/bin/python -r {}"


def check_agents(folder: Path) -> None:
    """Read the declaration and the prompts, and import the tools, as the function will.

    Raises:
        ValueError: a rule is broken; the message is one line that names it.
    """
    sys.path.append(str(REPOSITORY / "lambda_src"))
    from agent_workflow.agents import read_agents
    from agent_workflow.errors import InvalidConfiguration
    from agent_workflow.tools import ToolsNotFound, load_tools

    try:
        with redirect_stdout(sys.stderr):  # stdout is the result's, whatever a tools.py prints
            for agent in read_agents(folder):
                load_tools(folder, agent.tools)
    except (InvalidConfiguration, ToolsNotFound) as error:
        raise ValueError(_one_line(error, folder / "requirements.txt")) from error


def _one_line(error: Exception, requirements: Path) -> str:
    missing = "ModuleNotFoundError" in str(error) and requirements.is_file()
    return " ".join(str(error).split()) + (INSTALL.format(requirements) if missing else "")
