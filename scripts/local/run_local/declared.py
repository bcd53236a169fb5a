"""The agents that the function declares, as far as the command needs them."""

from __future__ import annotations

import tomllib

from scripts.local.child import REPOSITORY

AGENTS_FILE = REPOSITORY / "lambda_src" / "agent_workflow" / "agents.toml"


def agent_names() -> tuple[str, ...]:
    """Names in the order they run."""
    return tuple(agent["name"] for agent in _agents())


def model_ids() -> frozenset[str]:
    """Bedrock model ids that the agents are declared with."""
    return frozenset(agent["model"] for agent in _agents())


def _agents() -> list[dict[str, str]]:
    agents: list[dict[str, str]] = tomllib.loads(AGENTS_FILE.read_text(encoding="utf-8"))["agents"]
    return agents
