"""The agents as declared in agents.toml, read and checked at synth."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
QUERY = "query"
_KEYS = frozenset({"name", "inputs", "model", "max_tokens", "temperature", "tools", "limits", "output"})
_LIMITS = frozenset({"turns", "total_tokens"})


@dataclass(frozen=True, kw_only=True)
class AgentDeclaration:
    """What the construct needs to know of one agent; the Lambda reads the same file for the rest."""

    name: str
    """One word that runs through the house: operation, prompt, metric dimension, dashboard row."""

    model: str
    """Bedrock model id, before the `models` keyword is applied."""

    inputs: tuple[str, ...]
    """"query" or names of earlier agents."""


def read_agents(folder: Path) -> tuple[AgentDeclaration, ...]:
    """Read and check `<folder>/agents.toml` and the prompts beside it.

    Args:
        folder: holds agents.toml and prompts/<name>.md.

    Returns:
        The agents in the order they run.

    Raises:
        ValueError: naming the file, the agent, the rule and the value got.
    """
    file = folder / "agents.toml"
    entries = _entries(file)
    agents: list[AgentDeclaration] = []
    for entry in entries:
        agents.append(_agent(file, entry, tuple(agent.name for agent in agents)))
        _check_prompt(folder, agents[-1].name)
    return tuple(agents)


def _entries(file: Path) -> list[dict[str, Any]]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"agents must be a folder with an agents.toml, got {str(file.parent)!r}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file.name} must be valid TOML in UTF-8, got: {error}") from None
    entries = document.pop("agents", None)
    if document:
        raise ValueError(f"{file.name} must hold [[agents]] tables only, got {', '.join(sorted(document))}")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"{file.name} must declare at least one [[agents]] table, got {entries!r}")
    return entries


def _agent(file: Path, entry: Mapping[str, Any], earlier: tuple[str, ...]) -> AgentDeclaration:
    name = entry.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name) or name == QUERY:
        raise ValueError(f"{file.name}: name must match {NAME.pattern} and not be {QUERY!r}, got {name!r}")
    where = f"{file.name}: agent {name!r}"
    if name in earlier:
        raise ValueError(f"{where} must be declared once, got it twice")
    unknown = (entry.keys() - _KEYS) | (entry.get("limits", {}).keys() - _LIMITS)
    if unknown:
        raise ValueError(f"{where} must use only the documented keys, got {', '.join(sorted(unknown))}")
    model = entry.get("model")
    if not isinstance(model, str) or not model.strip():
        raise ValueError(f"{where}: model must be a Bedrock model id, got {model!r}")
    return AgentDeclaration(name=name, model=model, inputs=_inputs(where, entry.get("inputs"), earlier))


def _inputs(where: str, inputs: Any, earlier: tuple[str, ...]) -> tuple[str, ...]:
    if not isinstance(inputs, list) or not inputs:
        raise ValueError(f"{where}: inputs must list {QUERY!r} or earlier agents, got {inputs!r}")
    for given in inputs:
        if given != QUERY and given not in earlier:
            raise ValueError(
                f"{where}: inputs must be {QUERY!r} or agents declared before it (so no cycle), got {given!r}"
            )
    return tuple(inputs)


def _check_prompt(folder: Path, name: str) -> None:
    prompt = folder / "prompts" / f"{name}.md"
    if not prompt.is_file() or not prompt.read_text(encoding="utf-8").strip():
        raise ValueError(f"agent {name!r} must have a prompt in prompts/{name}.md, got none in {str(folder)!r}")
