"""What was deployed: settings and agents, read once per process, part of the function's version."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from agent_workflow.agents import AgentSpec, read_agents_and_boxes
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
        InvalidConfiguration: the environment, the agents file or a prompt breaks a rule.
    """
    settings = read_settings(os.environ)
    agents, boxes = read_agents_and_boxes(
        settings.agents_folder,
        settings.agent_models,
        more_settings=settings.tool_settings,
        more_tools=settings.agent_tools,
    )
    return Deployment(settings, agents, boxes)
