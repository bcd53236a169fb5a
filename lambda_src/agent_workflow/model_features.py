"""What Bedrock's models take besides a prompt, by family: one table for synth and for the function.

Part of the rule book: it needs nothing but Python, because synth loads it too.
"""

from collections.abc import Mapping

OFF = "off"
CACHE_LIVES = ("5m", "1h")
"""How long Bedrock keeps a cached prompt after its last use."""

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
