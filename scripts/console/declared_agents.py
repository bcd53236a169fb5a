"""The agents that the function declares, as far as the command needs them."""

from __future__ import annotations

import tomllib
from pathlib import Path

from scripts.local_aws.processes.child import REPOSITORY

PACKAGED_AGENTS = REPOSITORY / "lambda_src" / "agents"


def agent_names(folder: Path = PACKAGED_AGENTS) -> tuple[str, ...]:
    """Names in the order they run."""
    return tuple(agent["name"] for agent in _agents(folder))


def model_ids(folder: Path = PACKAGED_AGENTS) -> frozenset[str]:
    """Bedrock model ids that the agents are declared with."""
    return frozenset(agent["model"] for agent in _agents(folder))


def _agents(folder: Path) -> list[dict[str, str]]:
    agents: list[dict[str, str]] = tomllib.loads((folder / "agents.toml").read_text(encoding="utf-8"))["agents"]
    return agents
