"""What a pipeline will run: its name, its agents, their models, their prices."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Annotations, Names, Stack, Token
from constructs import Construct

from .declaration import read_agents
from .models import Model, read_model
from .operation_choices import PIPELINE_NAME
from .prices import price_table
from .props import PipelineProps
from .regions import can_be_called_from
from .retired import LEGACY
from .source import AGENTS_FOLDER, lambda_source


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Read once from the choices and the agents file; every room works from it."""

    pipeline_name: str
    models: Mapping[str, Model]
    """Agent name -> its model, in the order the agents run."""

    prices: Mapping[str, Mapping[str, str]]


def read_plan(scope: Construct, props: PipelineProps) -> Plan:
    """Read the agents, choose their models, price them; what is doubtful becomes a synth warning on the scope.

    Raises:
        ValueError: for a bad agents file, an unknown agent in `models`, or a model id that cannot be used.
    """
    models = _models(props)
    prices, unpriced = price_table(tuple(models.values()), props.prices)
    if unpriced and props.budget_ceiling_usd is not None:
        raise ValueError(f"budget_ceiling_usd needs a price for every model, got none for {', '.join(unpriced)}")
    for model_id in unpriced:
        shown = "a model known only at deployment" if Token.is_unresolved(model_id) else repr(model_id)
        _warn(scope, "unpriced", f"no price is known for {shown}: its cost is reported as unknown, give it by `prices`")
    for model in dict.fromkeys(models.values()):
        _doubt(scope, model)
    return Plan(pipeline_name=props.pipeline_name or _name(scope), models=models, prices=prices)


def _doubt(scope: Construct, model: Model) -> None:
    if model.foundation in LEGACY:
        ends, successor = LEGACY[model.foundation]
        _warn(scope, "legacy", f"{model.id!r} is a legacy model and ends on {ends}, its successor is {successor!r}")
    region = Stack.of(scope).region
    if model.geography and not Token.is_unresolved(region) and not can_be_called_from(model.geography, region):
        _warn(
            scope,
            "geography",
            f"{model.id!r} cannot be called from {region}: choose a profile of that geography, or a global. one, "
            "by `models`",
        )


def _models(props: PipelineProps) -> dict[str, Model]:
    folder = Path(props.agents) if props.agents else lambda_source() / AGENTS_FOLDER
    declared = {agent.name: agent.model for agent in read_agents(folder)}
    if unknown := props.models.keys() - declared.keys():
        known = ", ".join(declared)
        raise ValueError(f"models must name agents of the pipeline ({known}), got {', '.join(sorted(unknown))}")
    chosen = {**declared, **props.models}
    return {
        name: read_model(model_id, props.application_profiles, f"model of {name!r}")
        for name, model_id in chosen.items()
    }


def _name(scope: Construct) -> str:
    path = scope.node.path
    return path if re.fullmatch(PIPELINE_NAME, path) else Names.unique_id(scope)


def _warn(scope: Construct, kind: str, message: str) -> None:
    Annotations.of(scope).add_warning_v2(f"durable-agent-pipeline:{kind}", message)
