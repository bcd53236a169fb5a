"""What a pipeline will run: its name, its agents, their models, their prices."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aws_cdk import Annotations, Names, Stack, Token
from constructs import Construct

from ..choices.operation_choices import PIPELINE_NAME
from ..choices.props import PipelineProps
from ..function.reading import agent_tools, known_settings
from ..names import AGENTS_FOLDER
from ..package.lambda_source import lambda_source
from .call_choices import chosen_fields, in_tiers, refuse_untaken
from .declaration import AgentDeclaration, model_rules, models_in, read_agents
from .endpoints import declared_endpoint
from .flow_notes import note_bounds
from .models import Model, ModelChoice, ModelKind, ModelReader
from .prices import price_table
from .regions import GLOBAL, can_be_called_from, default_model, refuse_without_bedrock
from .retired import LEGACY


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Read once from the choices and the agents file; every other module works from it."""

    pipeline_name: str
    models: Mapping[str, Model]
    """Agent name -> its model, in the order the agents run."""

    replaced: Mapping[str, str]
    """Agent name -> model id, where it is not the one that agents.toml declares."""

    prices: Mapping[str, Mapping[str, str]]


def read_plan(scope: Construct, props: PipelineProps) -> Plan:
    """Read the agents, bound their flow, choose and price their models; what is doubtful is a warning on the scope.

    Raises:
        ValueError: for a bad agents file, a flow that fails or can take more than an execution may, an unknown agent in
            `models`, a model id that cannot be used, or what a model does not take.
    """
    region = _known_region(scope)
    stack = Stack.of(scope)
    given, settings = agent_tools(stack, props), known_settings(stack, props)
    declared = _declared(
        scope,
        props,
        region,
        partial(read_agents, more_settings=settings, more_tools=given, more_fields=chosen_fields(props)),
    )
    if odd := sorted(given.keys() - declared.keys()):
        raise ValueError(f"agents of a tool must be agents of the pipeline ({', '.join(declared)}), got {odd[0]!r}")
    folder = Path(props.agents) if props.agents else lambda_source() / AGENTS_FOLDER
    note_bounds(scope, folder, props.max_parallel_branches)
    models = _models(scope, props, declared, folder)
    _refuse_unguarded(props, models)
    agents = [one.agent for one in declared.values()]
    refuse_untaken(agents, models, props.prompt_cache)
    tiers = in_tiers(agents, models)
    prices, unpriced = price_table(tuple(models.values()), props.prices, props.prompt_cache, tiers)
    for name in ("budget_ceiling_usd", "budgets"):
        if unpriced and getattr(props, name) is not None:
            shown = ", ".join("a token" if Token.is_unresolved(model_id) else model_id for model_id in unpriced)
            needs = "needs" if name == "budget_ceiling_usd" else "need"
            raise ValueError(f"{name} {needs} a price for every model, got none for {shown}")
    for model_id in unpriced:
        said = f"no price is known for {_shown(model_id)}: its cost is reported as unknown, give it by `prices`"
        _warn(scope, "unpriced", said)
    for model in dict.fromkeys(models.values()):
        _doubt(scope, model)
        _refuse_elsewhere(model, region, props.profile_regions)
    replaced = {name: model.id for name, model in models.items() if model.id != declared[name].declared}
    name = props.pipeline_name or _name(scope)
    return Plan(pipeline_name=name, models=models, replaced=replaced, prices=prices)


@dataclass(frozen=True)
class _Declared:
    declared: str
    """What agents.toml names and the Lambda uses where nothing else is chosen."""

    default: str
    """What this Region needs in its place."""

    agent: AgentDeclaration


def _known_region(scope: Construct) -> str | None:
    region = Stack.of(scope).region
    if Token.is_unresolved(region):
        return None
    refuse_without_bedrock(region)
    return region


def _refuse_elsewhere(model: Model, region: str | None, more: Mapping[str, Sequence[str]]) -> None:
    """Refuse a profile that the stack's Region certainly cannot call.

    Raises:
        ValueError: naming the profile and the Region.
    """
    profile = model.source or model
    geography = GLOBAL if profile.kind is ModelKind.GLOBAL_PROFILE else profile.geography
    if geography and region and not can_be_called_from(geography, region, more):
        raise ValueError(
            f"models: {profile.id!r} cannot be called from {region}: choose a profile of that geography, or a global. "
            "one, by models, or say by profile_regions that this one serves there"
        )


def _doubt(scope: Construct, model: Model) -> None:
    if model.foundation in LEGACY:
        ends, successor = LEGACY[model.foundation]
        _warn(scope, "legacy", f"{model.id!r} is a legacy model and ends on {ends}, its successor is {successor!r}")


def _declared(
    scope: Construct, props: PipelineProps, region: str | None, read: Callable[[Path], tuple[AgentDeclaration, ...]]
) -> dict[str, _Declared]:
    """The agents with their models: that of the packaged agents follows the Region."""
    if props.agents:
        return {agent.name: _Declared(agent.model, agent.model, agent) for agent in read(Path(props.agents))}
    agents = read(lambda_source() / AGENTS_FOLDER)
    if {agent.name for agent in agents} <= props.models.keys():
        return {agent.name: _Declared(agent.model, agent.model, agent) for agent in agents}
    default = default_model(region)
    if region is None:
        _inform(
            scope,
            "region",
            f"the stack's Region is not known at synth, so the agents use {default!r}, which may run in any commercial "
            "Region: give the stack an env, or choose by `models`",
        )
    return {agent.name: _Declared(agent.model, default, agent) for agent in agents}


def _models(
    scope: Construct, props: PipelineProps, declared: Mapping[str, _Declared], folder: Path
) -> dict[str, Model]:
    if unknown := props.models.keys() - declared.keys():
        known = ", ".join(declared)
        raise ValueError(f"models must name agents of the pipeline ({known}), got {', '.join(sorted(unknown))}")
    _, tables = models_in(folder)
    profiles = {arn: table.source for arn, table in tables.items() if model_rules().kind_of(arn) is None}
    reader = ModelReader(
        application_profiles={**profiles, **props.application_profiles},
        profile_regions=props.profile_regions,
        declared=lambda model_id: declared_endpoint(scope, model_id, tables.get(model_id)),
    )
    chosen: dict[str, ModelChoice] = {name: agent.default for name, agent in declared.items()}
    return {name: reader.read(choice, f"model of {name!r}") for name, choice in {**chosen, **props.models}.items()}


def _refuse_unguarded(props: PipelineProps, models: Mapping[str, Model]) -> None:
    """Refuse a model that a guardrail, which is Bedrock's, would not see.

    Raises:
        ValueError: naming the agent.
    """
    for name, model in models.items():
        if model.endpoint is not None and props.guardrail_arn is not None:
            raise ValueError(
                f"guardrail_arn must come with models of Bedrock only, got {_shown(model.id)} of agent {name!r}, which "
                "would pass it by"
            )


def _shown(model_id: str) -> str:
    return "a model known only at deployment" if Token.is_unresolved(model_id) else repr(model_id)


def _name(scope: Construct) -> str:
    path = scope.node.path
    return path if re.fullmatch(PIPELINE_NAME, path) else Names.unique_id(scope)


def _warn(scope: Construct, kind: str, message: str) -> None:
    Annotations.of(scope).add_warning_v2(f"durable-agent-pipeline:{kind}", message)


def _inform(scope: Construct, kind: str, message: str) -> None:
    Annotations.of(scope).add_info_v2(f"durable-agent-pipeline:{kind}", message)
