"""Puts the endpoints that the keyword `models` chose to use: their variable, and the code that ships for them."""

from pathlib import Path
from typing import Any

from ..agents.declaration import model_rules, models_in
from ..agents.endpoints import Endpoint
from ..agents.models import ModelChoice
from ..choices.props import PipelineProps
from ..names import AGENTS_FOLDER
from ..package.lambda_source import lambda_source


def endpoint_settings(props: PipelineProps) -> dict[str, dict[str, Any]]:
    """Id of a model -> what the Lambda has to know to call it; what agents.toml says is read there.

    Raises:
        ValueError: two different endpoints have one id.
    """
    chosen: dict[str, dict[str, Any]] = {}
    for choice in props.models.values():
        if isinstance(choice, Endpoint):
            settings = choice.settings()
            if chosen.setdefault(choice.id, settings) != settings:
                raise ValueError(
                    f"models must have one endpoint for each id, got two for {choice.id!r}: give one a name"
                )
    return {model_id: settings for model_id, settings in chosen.items() if settings}


def kinds_used(props: PipelineProps) -> set[str]:
    """The kinds of models, other than Bedrock's, that an agent has; the code of the rest does not ship."""
    declared, _ = models_in(Path(props.agents) if props.agents else lambda_source() / AGENTS_FOLDER)
    chosen: dict[str, ModelChoice] = {**declared, **props.models}
    named = (choice.id if isinstance(choice, Endpoint) else choice for choice in chosen.values())
    kinds = (model_rules().kind_of(one) for one in named if isinstance(one, str))
    return {kind for kind in kinds if kind is not None}
