"""The agents that the function declares, as far as the command needs them."""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.local_aws.processes.child import REPOSITORY

PACKAGED_AGENTS = REPOSITORY / "lambda_src" / "agents"

STAND_IN = "stand-in.of-this-machine"

LAMBDA_SRC = str(REPOSITORY / "lambda_src")


def agent_names(folder: Path = PACKAGED_AGENTS) -> tuple[str, ...]:
    """Names in the order they run."""
    return tuple(name for name, _ in _agents(folder))


def model_ids(folder: Path = PACKAGED_AGENTS) -> frozenset[str]:
    """Bedrock model ids that the agents are declared with."""
    return frozenset(model for _, model in _agents(folder))


def stand_ins(folder: Path = PACKAGED_AGENTS) -> dict[str, str]:
    """Name of an agent whose model is not Bedrock's -> the id under which the model of this machine answers it."""
    names = _agents(folder)
    from agent_workflow.model_tables import kind_of

    return {name: STAND_IN for name, model in names if kind_of(model)}


def _agents(folder: Path) -> list[tuple[str, str]]:
    if LAMBDA_SRC not in sys.path:
        sys.path.append(LAMBDA_SRC)
    from agent_workflow.declaration import read_declarations  # needs Python alone, so a command starts as fast

    return [(agent.name, agent.model) for agent in read_declarations(folder)]
