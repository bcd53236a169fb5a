"""The agents that a folder declares, by the rule book that ships with the Lambda, with the tools that synth can see."""

import importlib
import posixpath
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from ..package.lambda_source import lambda_source
from .flow_module import check_flow
from .tools_module import defined_names, undecorated

RULE_BOOK = "agent_workflow"
"""Inside the Lambda's source: declaration.py, and the modules beside it that it names relatively. They need nothing but
Python, so synth needs none of the Lambda's packages."""


@dataclass(frozen=True, kw_only=True)
class AgentDeclaration:
    """What the construct needs to know of one agent; the Lambda reads the same file for the rest."""

    name: str
    """One word for the agent everywhere: operation, prompt, metric dimension, dashboard row."""

    model: str
    """Bedrock model id, before the `models` keyword is applied."""

    tools: tuple[str, ...] = ()
    """Packaged and own."""

    caches: bool = False
    """Whether its prompt is cached where its model can."""

    asks_for_cache: bool = False
    """Whether agents.toml says so, so that a model that cannot is refused."""

    service_tier: str = "default"

    reasoning: Any = None
    """The rule book's Reasoning; None, the model's own."""


def read_agents(
    folder: Path,
    more_settings: Mapping[str, Mapping[str, Any]] | None = None,
    more_tools: Mapping[str, Sequence[str]] | None = None,
    more_fields: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[AgentDeclaration, ...]:
    """Read and check `<folder>/agents.toml`, the prompts, the tools and the flow beside it.

    Args:
        folder: holds agents.toml, prompts/<name>.md, and tools.py if an agent has tools of its own.
        more_settings: of packaged tools, as the construct's keywords chose them. Default: only those of the file.
        more_tools: name of an agent -> packaged tools that keywords gave it. Default: none.
        more_fields: name of an agent -> fields that keywords chose for it. Default: none.

    Returns:
        The agents in the order they run.

    Raises:
        ValueError: naming the file, the agent, the rule and the value got.
    """
    rules = rule_book()
    tables = rules.read_tables(folder, more_settings=more_settings, more_tools=more_tools, more_fields=more_fields)
    agents, own_tools = tables.agents, toolboxes().own_tools
    for agent in agents:
        rules.read_prompt(folder, agent.name)
        _check_tools(folder, agent.name, own_tools(agent.tools, tables.boxes))
    check_flow(folder, [agent.name for agent in agents])
    return tuple(
        AgentDeclaration(
            name=agent.name,
            model=agent.model,
            tools=agent.tools,
            caches=agent.caches,
            asks_for_cache=bool(agent.prompt_cache),
            service_tier=agent.service_tier,
            reasoning=agent.reasoning,
        )
        for agent in agents
    )


@cache
def rule_book() -> ModuleType:
    """The Lambda's own module with the rules, loaded by its path: its package has no place in an app's environment."""
    folder = lambda_source() / RULE_BOOK
    if not (folder / "declaration.py").is_file():
        raise ImportError(f"the rules of agents.toml are missing: no declaration.py in {folder}")
    package = ModuleType(f"{__name__}.rule_book")
    package.__path__ = [str(folder)]
    sys.modules[package.__name__] = package
    return importlib.import_module(f"{package.__name__}.declaration")


def boxes_in(folder: Path) -> tuple[str, ...]:
    """Names of the boxes of packaged tools that `<folder>/agents.toml` switches on; its rules are checked elsewhere."""
    tables = _tables(folder)
    return tuple(name for name in toolboxes().TOOLBOXES if name in tables)


def models_in(folder: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """(name of an agent -> its model, id of a model -> its table) of `<folder>/agents.toml`.

    Raises:
        ValueError: a table of a model breaks a rule; other rules are checked elsewhere.
    """
    document = tomllib.loads((folder / "agents.toml").read_text(encoding="utf-8"))
    declared = {agent["name"]: agent["model"] for agent in document.get("agents", [])}
    return declared, model_rules().model_tables(document.get("models", {}), {}, "agents.toml")


def documents_folder_in(folder: Path) -> str | None:
    """Where `<folder>/agents.toml` says that documents are, from the folder; None if it does not."""
    named = _tables(folder).get("documents", {}).get("folder")
    return posixpath.normpath(named) if isinstance(named, str) else None


def _tables(folder: Path) -> dict[str, Any]:
    tables: dict[str, Any] = tomllib.loads((folder / "agents.toml").read_text(encoding="utf-8")).get("tools", {})
    return tables


def toolboxes() -> ModuleType:
    """The part of the rule book that knows the packaged tools."""
    return importlib.import_module(".toolboxes", rule_book().__package__)


def model_rules() -> ModuleType:
    """The part of the rule book that knows models that are not called through Bedrock."""
    return importlib.import_module(".model_tables", rule_book().__package__)


def model_features() -> ModuleType:
    """The part of the rule book that knows what models take."""
    return importlib.import_module(".model_features", rule_book().__package__)


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
