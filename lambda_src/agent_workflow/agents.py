"""The agents of this deployment: each declaration with its prompt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from agent_workflow.declaration import Declaration, read_prompt, read_tables, shown
from agent_workflow.errors import InvalidConfiguration
from agent_workflow.model_tables import table_of


@dataclass(frozen=True, kw_only=True)
class AgentSpec(Declaration):
    """One agent, complete.

    Attributes:
        prompt: its system prompt, the text of prompts/<name>.md.
        endpoint: table of a model that is not called through Bedrock, see model_tables.py. Default: it is.
    """

    prompt: str
    endpoint: Any = None

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
    more_models: Mapping[str, Mapping[str, Any]] | None = None,
    more_fields: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[tuple[AgentSpec, ...], Mapping[str, Any]]:
    """The agents, and the settings of the packaged tools that are switched on.

    Args:
        folder: as for `read_agents`.
        models: as for `read_agents`.
        more_settings: as for `declaration.read_tables`.
        more_tools: as for `declaration.read_tables`.
        more_models: as for `declaration.read_tables`.
        more_fields: as for `declaration.read_tables`.

    Raises:
        InvalidConfiguration: as `read_agents`.
    """
    overrides = dict(models or {})
    try:
        tables = read_tables(
            folder,
            more_settings=more_settings,
            more_tools=more_tools,
            more_models=more_models,
            more_fields=more_fields,
        )
        agents = tables.agents
        if unknown := sorted(overrides.keys() - {agent.name for agent in agents}):
            raise InvalidConfiguration(f"models may be given for declared agents only, got {shown(unknown[0])}")
        chosen = [_chosen(agent, overrides.get(agent.name)) for agent in agents]
        return tuple(_complete(agent, folder, tables.models) for agent in chosen), tables.boxes
    except ValueError as broken:
        raise InvalidConfiguration(str(broken)) from None


def _chosen(agent: Declaration, model: str | None) -> Declaration:
    if model is None or model == agent.model:
        return agent
    # a temperature is chosen for one model; newer ones refuse the field altogether (docs/decisions/0010)
    return replace(agent, model=model, temperature=None)


def _complete(agent: Declaration, folder: Path, models: Mapping[str, Any]) -> AgentSpec:
    declared = {one.name: getattr(agent, one.name) for one in fields(agent)}
    endpoint = table_of(agent.model, models, f"model of {agent.name!r}")
    return AgentSpec(**declared, prompt=read_prompt(folder, agent.name), endpoint=endpoint)
