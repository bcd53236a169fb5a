"""What was deployed: settings and agents, read once per process, part of the function's version."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from agent_workflow.agents import AgentSpec, read_agents_and_boxes
from agent_workflow.errors import InvalidConfiguration
from agent_workflow.rules import shown
from agent_workflow.settings import Settings, read_settings


@dataclass(frozen=True)
class Deployment:
    """The choices that an execution runs under from its start to its end, since versions are retained."""

    settings: Settings
    agents: tuple[AgentSpec, ...]
    boxes: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the packaged tools that are switched on, by the name of their box."""


@cache
def deployed() -> Deployment:
    """This process's deployment.

    Raises:
        InvalidConfiguration: the environment, the agents file or a prompt breaks a rule, or a model would pass by the
            guardrail.
    """
    settings = read_settings(os.environ)
    agents, boxes = read_agents_and_boxes(
        settings.agents_folder,
        settings.agent_models,
        more_settings=settings.tool_settings,
        more_tools=settings.agent_tools,
        more_models=settings.model_settings,
        more_fields=settings.agent_calls,
    )
    refuse_unguarded(settings, agents)
    return Deployment(settings, agents, boxes)


def refuse_unguarded(settings: Settings, agents: Iterable[AgentSpec]) -> None:
    """Refuse a model that is not called through Bedrock beside a guardrail, which is Bedrock's.

    Raises:
        InvalidConfiguration: naming the agent.
    """
    if settings.guardrail_id is None:
        return
    for agent in agents:
        if agent.endpoint is not None:
            raise InvalidConfiguration(
                f"a guardrail must come with models of Bedrock only, which it is part of, got {shown(agent.model)} of "
                f"agent {agent.name}"
            )
