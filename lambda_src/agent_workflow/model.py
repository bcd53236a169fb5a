"""The Bedrock model of one agent: one attempt per call, explicit timeouts, requests that name their agent.

Strands and botocore are imported inside, when a model is really needed: an invocation that only replays finished
agents does not pay for them.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from agent_workflow.agents import AgentSpec
from agent_workflow.errors import InvalidConfiguration
from agent_workflow.model_features import DEFAULT_TIER, cache_lives, reasoning_fields
from agent_workflow.settings import Settings

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from strands.models import Model


def build_model(agent: AgentSpec, settings: Settings) -> Model:
    """The agent's model, one per process: its client keeps connections open."""
    return _model(
        agent=agent.name,
        model_id=agent.model,
        max_tokens=agent.max_tokens,
        temperature=agent.temperature,
        pipeline=settings.pipeline,
        streaming=settings.streaming,
        guardrail=(settings.guardrail_id, settings.guardrail_version) if settings.guardrail_id else None,
        timeouts=(settings.connect_timeout_seconds, settings.read_timeout_seconds),
        cached=cached_for(agent, settings),
        service_tier=agent.service_tier,
        more_fields=_reasoning(agent, settings),
    )


def cached_for(agent: AgentSpec, settings: Settings) -> str | None:
    """How long Bedrock is asked to keep the agent's prompt: 5m or 1h; None, not at all."""
    life = settings.prompt_cache
    return life if agent.caches and life in cache_lives(_foundation(agent, settings)) else None


def _foundation(agent: AgentSpec, settings: Settings) -> str:
    """What tells the model's family: its id, or what an application inference profile was made of."""
    price = settings.prices.get(agent.model)
    return (price and price.foundation) or agent.model


def _reasoning(agent: AgentSpec, settings: Settings) -> str | None:
    """What the model is asked about its reasoning, as JSON; None, nothing.

    Raises:
        InvalidConfiguration: it does not take that, and nobody has refused it at synth.
    """
    if agent.reasoning is None:
        return None
    wanted, foundation = agent.reasoning, _foundation(agent, settings)
    try:
        fields = reasoning_fields(f"agent {agent.name!r}", foundation, wanted.budget_tokens, wanted.effort)
    except ValueError as untaken:
        raise InvalidConfiguration(str(untaken)) from None
    return json.dumps(fields)


@cache
def _model(
    *,
    agent: str,
    model_id: str,
    max_tokens: int,
    temperature: float | None,
    pipeline: str,
    streaming: bool,
    guardrail: tuple[str, str] | None,
    timeouts: tuple[float, float],
    cached: str | None,
    service_tier: str,
    more_fields: str | None,
) -> Model:
    from strands.models import BedrockModel, CacheConfig

    optional: dict[str, Any] = {} if temperature is None else {"temperature": temperature}
    if guardrail is not None:
        optional |= {"guardrail_id": guardrail[0], "guardrail_version": guardrail[1]}
    if cached is not None:
        # Three points: after the tools, after the system prompt, after the last message. "anthropic", because "auto"
        # looks for a name in the id, which an application inference profile does not show. Bedrock keeps 5 minutes
        # without being told.
        life = cached if cached != "5m" else None
        optional |= {"cache_config": CacheConfig(strategy="anthropic", ttl=life, tools_ttl=True)}
    if service_tier != DEFAULT_TIER:
        optional["service_tier"] = service_tier
    if more_fields is not None:
        optional["additional_request_fields"] = json.loads(more_fields)
    return BedrockModel(
        boto_session=session(),
        boto_client_config=client_config(*timeouts),
        model_id=model_id,
        max_tokens=max_tokens,
        streaming=streaming,
        # shows up in Bedrock's invocation logs, so a call can be traced to its agent
        additional_args={"requestMetadata": {"agent": agent, "pipeline": pipeline}},
        **optional,
    )


def client_config(connect_timeout: float, read_timeout: float) -> Config:
    """One attempt, within these seconds."""
    from botocore.config import Config

    return Config(
        connect_timeout=connect_timeout,
        # Strands' own 120 seconds are lost as soon as any Config is given
        read_timeout=read_timeout,
        # the durable engine retries, suspended and unbilled; a second layer would multiply its attempts
        retries={"total_max_attempts": 1, "mode": "standard"},
    )


@cache
def session() -> boto3.Session:
    """One session for all models: it loads a service's description once."""
    import boto3

    return boto3.Session()
