"""What was deployed: settings and agents, read once per process, part of the function's version."""

import os
from dataclasses import dataclass
from functools import cache

from agent_workflow.agents import AgentSpec, read_agents
from agent_workflow.settings import Settings, read_settings


@dataclass(frozen=True)
class Deployment:
    """The choices that an execution runs under from its start to its end, since versions are retained."""

    settings: Settings
    agents: tuple[AgentSpec, ...]


@cache
def deployed() -> Deployment:
    """This process's deployment.

    Raises:
        InvalidConfiguration: the environment, the agents file or a prompt breaks a rule.
    """
    settings = read_settings(os.environ)
    return Deployment(settings, read_agents(settings.agents_folder, settings.agent_models))
