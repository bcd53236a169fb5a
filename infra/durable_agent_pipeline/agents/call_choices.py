"""How the agents' model calls are made, as keywords choose it, held against what their models take."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..choices.props import PipelineProps
from .declaration import AgentDeclaration, model_features, rule_book
from .models import Model


def chosen_fields(props: PipelineProps) -> dict[str, dict[str, Any]]:
    """Name of an agent -> fields that stand above those of its declaration."""
    chosen: dict[str, dict[str, Any]] = {}
    for field, by_agent in (("service_tier", props.service_tiers), ("reasoning", props.reasoning)):
        for agent, value in by_agent.items():
            chosen.setdefault(agent, {})[field] = dict(value) if isinstance(value, Mapping) else value
    return chosen


def in_tiers(agents: Iterable[AgentDeclaration], models: Mapping[str, Model]) -> list[str]:
    """Ids under which calls in another service tier than the default one are priced."""
    ids = (rule_book().billed_as(models[agent.name].id, agent.service_tier) for agent in agents)
    plain = {model.id for model in models.values()}
    return [billed for billed in dict.fromkeys(ids) if billed not in plain]


def refuse_untaken(agents: Iterable[AgentDeclaration], models: Mapping[str, Model], prompt_cache: str) -> None:
    """Refuse a cache, a tier or a reasoning that the model of an agent would refuse at its first call.

    Raises:
        ValueError: naming the agent, its model and the choice.
    """
    features = model_features()
    for agent in agents:
        where, model = f"agent {agent.name!r}", (models[agent.name].source or models[agent.name]).id
        if agent.caches:
            features.refuse_cache(where, model, prompt_cache, asked=agent.asks_for_cache)
        features.refuse_tier(where, model, agent.service_tier)
        if agent.reasoning is not None:
            features.reasoning_fields(where, model, agent.reasoning.budget_tokens, agent.reasoning.effort)
