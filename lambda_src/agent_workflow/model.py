"""The Bedrock model of one agent: one attempt per call, explicit timeouts, requests that name their agent.

Strands and botocore are imported inside, when a model is really needed: an invocation that only replays finished
agents does not pay for them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from agent_workflow.agents import AgentSpec
from agent_workflow.model_features import cache_lives
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
    )


def cached_for(agent: AgentSpec, settings: Settings) -> str | None:
    """How long Bedrock is asked to keep the agent's prompt: 5m or 1h; None, not at all."""
    price = settings.prices.get(agent.model)
    foundation = (price and price.foundation) or agent.model
    life = settings.prompt_cache
    return life if agent.caches and life in cache_lives(foundation) else None


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
