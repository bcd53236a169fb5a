"""The agents that a folder declares, by the rule book that ships with the Lambda, with the tools that synth can see."""

import importlib.util
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from ..package.lambda_source import lambda_source
from .flow_module import check_flow
from .tools_module import defined_names, undecorated

RULE_BOOK = "agent_workflow/declaration.py"
"""Inside the Lambda's source; it needs nothing but Python, so synth needs none of the Lambda's packages."""


@dataclass(frozen=True, kw_only=True)
class AgentDeclaration:
    """What the construct needs to know of one agent; the Lambda reads the same file for the rest."""

    name: str
    """One word for the agent everywhere: operation, prompt, metric dimension, dashboard row."""

    model: str
    """Bedrock model id, before the `models` keyword is applied."""


def read_agents(folder: Path) -> tuple[AgentDeclaration, ...]:
    """Read and check `<folder>/agents.toml`, the prompts, the tools and the flow beside it.

    Args:
        folder: holds agents.toml, prompts/<name>.md, and tools.py if an agent has tools.

    Returns:
        The agents in the order they run.

    Raises:
        ValueError: naming the file, the agent, the rule and the value got.
    """
    rules = rule_book()
    agents = rules.read_declarations(folder)
    for agent in agents:
        rules.read_prompt(folder, agent.name)
        _check_tools(folder, agent.name, agent.tools)
    check_flow(folder, [agent.name for agent in agents])
    return tuple(AgentDeclaration(name=agent.name, model=agent.model) for agent in agents)


@cache
def rule_book() -> ModuleType:
    """The Lambda's own module with the rules, loaded by its path: its package has no place in an app's environment."""
    name = f"{__name__}.rule_book"
    spec = importlib.util.spec_from_file_location(name, lambda_source() / RULE_BOOK)
    if spec is None or spec.loader is None:
        raise ImportError(f"the rules of agents.toml are missing: no {RULE_BOOK} in {lambda_source()}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def _check_tools(folder: Path, agent: str, tools: tuple[str, ...]) -> None:
    if not tools:
        return
    defined, plain = defined_names(folder / "tools.py"), undecorated(folder / "tools.py")
    for tool in tools:
        if defined is not None and tool not in defined:
            raise ValueError(f"agent {agent!r}: tools must be names in tools.py, got {rule_book().shown(tool)}")
        if tool in plain:
            raise ValueError(
                f"agent {agent!r}: tools must be made with @tool or @durable_tool, got {tool!r} without a decorator"
            )
