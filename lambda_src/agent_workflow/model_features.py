"""What Bedrock's models take besides a prompt, by family: one table for synth and for the function.

Part of the rule book: it needs nothing but Python, because synth loads it too.
"""

from collections.abc import Mapping
from typing import Any

OFF = "off"
CACHE_LIVES = ("5m", "1h")
"""How long Bedrock keeps a cached prompt after its last use."""

DEFAULT_TIER = "default"
TIERS = (DEFAULT_TIER, "priority", "flex", "reserved")
EFFORTS = ("low", "medium", "high", "max")
_NOVA, _GPT = ("amazon.nova-2-lite",), ("openai.gpt-oss",)

# https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html, "Supported models, Regions, and explicit
# caching limits", read in November 2026; 4.1 and 4 by its earlier editions. A key that ends with its generation stands
# for later ones of that generation too, such as claude-opus-5-5. Models of other makers are left out: Strands' cache
# points take the form of Anthropic's, and Nova's price of a cache write is in no table.
_CACHED: Mapping[str, tuple[str, ...]] = {
    "claude-fable-5": CACHE_LIVES,
    "claude-mythos-5": CACHE_LIVES,
    "claude-mythos-preview": CACHE_LIVES,
    "claude-opus-5": CACHE_LIVES,
    "claude-sonnet-5": CACHE_LIVES,
    "claude-haiku-5": CACHE_LIVES,
    "claude-opus-4-8": CACHE_LIVES,
    "claude-opus-4-7": CACHE_LIVES,
    "claude-opus-4-6": CACHE_LIVES,
    "claude-opus-4-5": CACHE_LIVES,
    "claude-opus-4-1": CACHE_LIVES[:1],
    "claude-opus-4-2025": CACHE_LIVES[:1],
    "claude-sonnet-4-6": CACHE_LIVES,
    "claude-sonnet-4-5": CACHE_LIVES,
    "claude-sonnet-4-2025": CACHE_LIVES[:1],
    "claude-3-7-sonnet": CACHE_LIVES[:1],
    "claude-haiku-4-5": CACHE_LIVES,
}


def cache_lives(model_id: str) -> tuple[str, ...]:
    """How long a model can keep a prompt; empty if it caches none, or nobody knows.

    Args:
        model_id: id of the foundation model or of a profile that names it.
    """
    return next((lives for family, lives in _CACHED.items() if family in model_id.lower()), ())


def refuse_cache(where: str, model_id: str, life: str, *, asked: bool) -> None:
    """Refuse what the model would refuse, before anything is deployed.

    Args:
        where: how a refusal names the agent.
        model_id: as for `cache_lives`.
        life: the deployment's choice, one of CACHE_LIVES or OFF.
        asked: whether the agent itself asks for the cache. Without that, a model that caches nothing goes without.

    Raises:
        ValueError: the model keeps no prompts and the agent asks for it, or keeps them not so long.
    """
    lives = cache_lives(model_id)
    if asked and not lives:
        raise ValueError(f"{where}: prompt_cache must be left out for a model that caches no prompts, got {model_id!r}")
    if lives and life not in (*lives, OFF):
        raise ValueError(f"{where}: prompt_cache must be {' or '.join((*lives, OFF))} for {model_id!r}, got {life!r}")


# https://docs.aws.amazon.com/bedrock/latest/userguide/service-tiers-inference.html, its edition of February 2026.
_PRIORITY_AND_FLEX = (
    "openai.gpt-oss",
    "qwen.qwen3",
    "deepseek.v3",
    "amazon.nova-premier",
    "amazon.nova-pro",
    "amazon.nova-2-",
    "google.gemma-3",
    "minimax.minimax-m2",
    "mistral.magistral-small",
    "mistral.voxtral-",
    "mistral.ministral-3",
    "mistral.mistral-large-3",
    "moonshot.kimi-k2",
    "nvidia.nemotron-nano",
)
_RESERVED = ("claude-opus-4-5", "claude-opus-4-6", "claude-sonnet-4-5", "claude-haiku-4-5")


def refuse_tier(where: str, model_id: str, tier: str) -> None:
    """Refuse a service tier in which the model does not answer.

    Raises:
        ValueError: naming the agent, its model and the tiers that it has.
    """
    has = {
        DEFAULT_TIER: True,
        "priority": _is_of(model_id, _PRIORITY_AND_FLEX),
        "flex": _is_of(model_id, _PRIORITY_AND_FLEX),
        "reserved": _is_of(model_id, _RESERVED),
    }
    if not has[tier]:
        taken = " or ".join(name for name in TIERS if has[name])
        raise ValueError(f"{where}: service_tier must be {taken} for {model_id!r}, got {tier!r}")


# https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html, read in November 2026:
# which models choose by an effort, and which refuse a budget. Sonnet 5 and Opus 4.8 as the models of their time.
_BY_EFFORT = (
    "claude-fable-5",
    "claude-mythos-5",
    "claude-mythos-preview",
    "claude-opus-5",
    "claude-sonnet-5",
    "claude-opus-4-8",
    "claude-opus-4-7",
    "claude-opus-4-6",
    "claude-sonnet-4-6",
)
_BY_BUDGET = (
    "claude-opus-4-6",
    "claude-sonnet-4-6",
    "claude-opus-4-5",
    "claude-sonnet-4-5",
    "claude-haiku-4-5",
    "claude-opus-4-1",
    "claude-opus-4-2025",
    "claude-sonnet-4-2025",
    "claude-3-7-sonnet",
)


def reasoning_fields(where: str, model_id: str, budget_tokens: int | None, effort: str | None) -> dict[str, Any]:
    """What Converse is sent as additionalModelRequestFields, in the words of the model's maker.

    Args:
        where: how a refusal names the agent.
        model_id: as for `cache_lives`.
        budget_tokens: most tokens of reasoning; None, by effort.
        effort: one of EFFORTS; None, by budget.

    Raises:
        ValueError: the model does not reason, or takes the other of the two, or not this effort.
    """
    if budget_tokens is not None:
        if not _is_of(model_id, _BY_BUDGET):
            raise ValueError(f"{where}: reasoning must not be budget_tokens for {model_id!r}, got {budget_tokens}")
        return {"thinking": {"type": "enabled", "budget_tokens": budget_tokens}}
    efforts = _efforts(model_id)
    if effort not in efforts:
        taken = f"an effort of {', '.join(efforts)}" if efforts else "left out, or budget_tokens where it takes that,"
        raise ValueError(f"{where}: reasoning must be {taken} for {model_id!r}, got {effort!r}")
    if _is_of(model_id, _NOVA):
        return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}
    if _is_of(model_id, _GPT):
        return {"reasoning_effort": effort}
    return {"thinking": {"type": "adaptive"}, "output_config": {"effort": effort}}


def _efforts(model_id: str) -> tuple[str, ...]:
    if _is_of(model_id, _BY_EFFORT):
        return EFFORTS
    if _is_of(model_id, _NOVA):
        return EFFORTS[:2]  # high refuses a request with max_tokens, and every agent has one
    return EFFORTS[:3] if _is_of(model_id, _GPT) else ()


def _is_of(model_id: str, families: tuple[str, ...]) -> bool:
    return any(family in model_id.lower() for family in families)
