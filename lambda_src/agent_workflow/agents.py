"""The agents of this deployment: each declaration with its prompt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from agent_workflow.declaration import Declaration, read_prompt, read_tables, shown
from agent_workflow.errors import InvalidConfiguration


@dataclass(frozen=True, kw_only=True)
class AgentSpec(Declaration):
    """One agent, complete.

    Attributes:
        prompt: its system prompt, the text of prompts/<name>.md.
    """

    prompt: str

    @property
    def operation(self) -> str:
        """Name of its durable operation."""
        return f"{self.name}-agent"


def read_agents(folder: Path, models: Mapping[str, str] | None = None) -> tuple[AgentSpec, ...]:
    """The agents declared in `folder`, in the order they run, each with its prompt.

    Args:
        folder: holds agents.toml and prompts/<name>.md.
        models: agent name -> model id that replaces the declared one. Default: the declared models.

    Raises:
        InvalidConfiguration: the file, a prompt, or a name in `models` is missing or breaks a rule.
    """
    return read_agents_and_boxes(folder, models)[0]


def read_agents_and_boxes(
    folder: Path,
    models: Mapping[str, str] | None = None,
    *,
    more_settings: Mapping[str, Mapping[str, Any]] | None = None,
    more_tools: Mapping[str, Sequence[str]] | None = None,
) -> tuple[tuple[AgentSpec, ...], Mapping[str, Any]]:
    """The agents, and the settings of the packaged tools that are switched on.

    Args:
        folder: as for `read_agents`.
        models: as for `read_agents`.
        more_settings: as for `declaration.read_tables`.
        more_tools: as for `declaration.read_tables`.

    Raises:
        InvalidConfiguration: as `read_agents`.
    """
    overrides = dict(models or {})
    try:
        tables = read_tables(folder, more_settings=more_settings, more_tools=more_tools)
        agents = tables.agents
        if unknown := sorted(overrides.keys() - {agent.name for agent in agents}):
            raise InvalidConfiguration(f"models may be given for declared agents only, got {shown(unknown[0])}")
        return tuple(_complete(agent, folder, overrides.get(agent.name)) for agent in agents), tables.boxes
    except ValueError as broken:
        raise InvalidConfiguration(str(broken)) from None


def _complete(agent: Declaration, folder: Path, model: str | None) -> AgentSpec:
    declared = {one.name: getattr(agent, one.name) for one in fields(agent)}
    if model is not None and model != agent.model:
        # a temperature is chosen for one model; newer ones refuse the field altogether (docs/decisions/0010)
        declared |= {"model": model, "temperature": None}
    return AgentSpec(**declared, prompt=read_prompt(folder, agent.name))
