"""How the model calls of one agent are made: how much the model reasons first, in which service tier it answers.

Part of the rule book: it needs nothing but Python, because synth loads it too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .model_features import DEFAULT_TIER, EFFORTS, TIERS
from .rules import Rule, is_table, made, ruled, text, whole

LEAST_BUDGET = 1024
"""Claude's: https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html."""


@dataclass(frozen=True, kw_only=True)
class Reasoning:
    """How much a model may reason before it answers; one of the two, as the model takes it.

    Attributes:
        budget_tokens: most tokens of reasoning, part of max_tokens and below it; 1,024 or more. Default: by effort.
        effort: how hard it thinks, low, medium, high or max. Default: by budget_tokens.
    """

    budget_tokens: int | None = ruled(whole(LEAST_BUDGET, 1_000_000), default=None)
    effort: str | None = ruled(text("|".join(EFFORTS), f"one of {', '.join(EFFORTS)}"), default=None)


def _reasoning(value: Mapping[str, Any], where: str) -> Reasoning:
    return made(Reasoning, value, f"{where}: reasoning")


REASONING = Rule("a table of budget_tokens or effort", lambda value: is_table(value) and len(value) == 1, _reasoning)
TIER = Rule(f"one of {', '.join(TIERS)}", lambda value: isinstance(value, str) and value in TIERS)


def refuse_reasoning(where: str, reasoning: Reasoning, max_tokens: int, temperature: float | None) -> None:
    """Refuse what no model would take, whichever it is.

    Raises:
        ValueError: the reasoning leaves no token for the answer, or a temperature stands beside it.
    """
    if reasoning.budget_tokens is not None and reasoning.budget_tokens >= max_tokens:
        raise ValueError(
            f"{where}: reasoning: budget_tokens must be below max_tokens, which is {max_tokens}, "
            f"got {reasoning.budget_tokens}"
        )
    if temperature is not None:
        raise ValueError(f"{where}: temperature must be left out beside reasoning, got {temperature}")


def billed_as(model: str, service_tier: str) -> str:
    """The id under which a model's price in a tier is known: the model's own in the default one."""
    return model if service_tier == DEFAULT_TIER else f"{model}@{service_tier}"
