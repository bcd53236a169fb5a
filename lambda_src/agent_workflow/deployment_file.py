"""The models and prices of a deployment too large for the function's environment, from a file of its package."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent_workflow.errors import InvalidConfiguration

SHORT = "~"
"""Begins a model id that stands for PROFILES_PREFIX and the rest."""


def with_deployment_file(variables: Mapping[str, str], file: Path) -> dict[str, str]:
    """AGENT_MODELS and MODEL_PRICES of the file and of the variables together; a variable wins.

    Args:
        variables: the environment; its AGENT_MODELS holds what only the deployment knew.
        file: JSON of three tables: AGENT_MODELS, MODEL_PRICES, and AGENT_PRICES for models without a known id.

    Raises:
        InvalidConfiguration: the file or AGENT_MODELS is not such a document.
    """
    known = _tables(file)
    prefix = variables.get("PROFILES_PREFIX", "")
    words = _table("AGENT_MODELS", variables.get("AGENT_MODELS", "{}"))
    late = {agent: _expanded(str(word), prefix) for agent, word in words.items()}
    by_model = {late[agent]: price for agent, price in known["AGENT_PRICES"].items() if agent in late}
    prices = {**known["MODEL_PRICES"], **by_model, **_table("MODEL_PRICES", variables.get("MODEL_PRICES", "{}"))}
    return {"AGENT_MODELS": json.dumps({**known["AGENT_MODELS"], **late}), "MODEL_PRICES": json.dumps(prices)}


def _expanded(word: str, prefix: str) -> str:
    return prefix + word.removeprefix(SHORT) if word.startswith(SHORT) else word


def _tables(file: Path) -> dict[str, dict[str, Any]]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        return {name: dict(document[name]) for name in ("AGENT_MODELS", "MODEL_PRICES", "AGENT_PRICES")}
    except (OSError, ValueError, KeyError, TypeError):
        raise InvalidConfiguration(
            f"DEPLOYMENT_FILE must name the file that the construct puts into the package, got {file.name!r}"
        ) from None


def _table(name: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise InvalidConfiguration(f"{name} must be a JSON object, got a string of length {len(text)}")
    return value
