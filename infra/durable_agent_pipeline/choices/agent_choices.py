"""Choices of what runs: the agents, their models, what these may cost."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal, TypedDict

from ..agents.models import ModelChoice
from ..agents.prices import read_prices
from .budgets import Budgets
from .review import Review
from .rules import matching, one_of, positive_usd, whole

REGION = r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}"
GUARDRAIL_ARN = r"arn:[^:]+:bedrock:[a-z0-9-]+:[0-9]{12}:guardrail/[a-z0-9]+"
PROMPT_CACHES = ("5m", "1h", "off")
GUARDRAIL_VERSION = r"DRAFT|[1-9][0-9]{0,7}"

TokensPerMinute = int | Literal["learn"]
"""A number, or only what throttles have taught."""


@dataclass(frozen=True, kw_only=True)
class AgentChoices:
    """Which agents, which models, which money."""

    agents: Path | str | None = None
    """Folder with agents.toml, prompts/<name>.md and, if you like, tools.py and requirements.txt of your own.
    Default: the packaged research pipeline."""

    models: Mapping[str, ModelChoice] = field(default_factory=dict)
    """Agent name -> Bedrock model id, inference profile id, ARN, the CfnApplicationInferenceProfile itself, or an
    OpenAiEndpoint or SageMakerEndpoint; see docs/models.md.
    Default: the model that agents.toml names; the packaged agents' follows the stack's Region (us., eu., jp., au.,
    us-gov., elsewhere and where the Region is not known at synth global.)."""

    application_profiles: Mapping[str, str] = field(default_factory=dict)
    """ARN of an application inference profile used in `models` -> the model or profile id it was created from, which
    decides permissions and price. A profile of this app needs no entry: give its object to `models`.
    Default: those with a table [models.ARN] in agents.toml."""

    profile_regions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Geography of inference profiles ("us", "apac", a new one) -> Regions that its profiles may be called from and
    send requests to, besides those this construct knows. Default: none besides."""

    guardrail_arn: str | None = None
    """ARN of the Bedrock guardrail that every model call passes. Default: no guardrail."""

    guardrail_version: str = "DRAFT"
    """Version of that guardrail: "DRAFT" or a number. Default: "DRAFT", its working draft."""

    prices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Model id -> {"input", "output", "cache_read", "cache_write"} in USD per million tokens, as text
    above 0; input and output are required.
    Default: the list price in the construct's own table; a model it does not know is warned about and its cost is
    unknown."""

    prompt_cache: str = "5m"
    """How long Bedrock keeps the prompts and conversations of agents with tools after their last use: "5m", "1h" or
    "off". An hour costs twice the price of plain input to write, 5 minutes a quarter more; reading costs a tenth.
    A model that caches nothing goes without. `prompt_cache` in agents.toml chooses by agent.
    Default: "5m"."""

    service_tiers: Mapping[str, str] = field(default_factory=dict)
    """Agent name -> Bedrock's service tier for its calls: "default", "priority", "flex" or "reserved", where its model
    has it. Only the default tier has a list price: give that of another by `prices`, under the model's id followed by
    "@flex", else its cost is unknown. `service_tier` in agents.toml does the same.
    Default: what agents.toml says, else the default tier."""

    reasoning: Mapping[str, Mapping[str, int | str]] = field(default_factory=dict)
    """Agent name -> {"budget_tokens": 2048} or {"effort": "low"}, as its model takes it. A temperature of agents.toml
    is not sent then. `reasoning` in agents.toml does the same.
    Default: what agents.toml says, else the model's own."""

    budget_ceiling_usd: Decimal | str | float | None = None
    """Most that one execution may spend on models, in USD, whatever its event asks for; above 0, at most
    1,000,000. Every model then needs a price. Default: no ceiling."""

    budgets: Budgets | None = None
    """What may be spent on models in a day and a month, in all and by one tenant; it brings a DynamoDB table. Every
    model then needs a price. Default: no such limits, no table."""

    review: Review | None = None
    """Who is notified of reviews by people, and which executions have one.
    Default: nobody is notified, and only executions have one whose event asks for it."""

    max_parallel_branches: int = 5
    """Most branches of a flow, such as topics, at the same time; 1 to 50. Default: 5."""

    tokens_per_minute: Mapping[str, TokensPerMinute] = field(default_factory=dict)
    """Model id -> tokens that one execution may take of it in a minute, 1 to 1,000,000,000, counted as Bedrock's quota
    counts them; "learn": only what throttles have taught. A call that does not fit waits, suspended and not billed.
    Default: no model is limited, a throttled call is tried again after seconds."""

    def check_agents(self) -> None:
        """Refuse what breaks a rule, as far as it shows without the agents' folder."""
        for geography, regions in self.profile_regions.items():
            if not all(re.fullmatch(REGION, region) for region in regions):
                raise ValueError(f"profile_regions[{geography!r}] must list Regions, got {regions!r}")
        # frozen for everybody else: amounts are read once, here
        object.__setattr__(self, "prices", read_prices(self.prices))
        if self.budget_ceiling_usd is not None:
            object.__setattr__(self, "budget_ceiling_usd", positive_usd("budget_ceiling_usd", self.budget_ceiling_usd))
        if self.guardrail_arn is not None:
            matching("guardrail_arn", self.guardrail_arn, GUARDRAIL_ARN, "an ARN of a Bedrock guardrail")
        one_of("prompt_cache", self.prompt_cache, PROMPT_CACHES)
        whole("max_parallel_branches", self.max_parallel_branches, 1, 50)
        for model_id, tokens in self.tokens_per_minute.items():
            if tokens != "learn":
                whole(f"tokens_per_minute[{model_id!r}]", tokens, 1, 10**9)
        matching("guardrail_version", self.guardrail_version, GUARDRAIL_VERSION, "DRAFT or a version number")


# From here on written by scripts/construct_page.py --write: the class above, for type checkers and editors.
class AgentKeywords(TypedDict, total=False):
    """Which agents, which models, which money."""

    agents: Path | str | None
    """Folder with agents.toml, prompts/<name>.md and, if you like, tools.py and requirements.txt of your own. Default:
    the packaged research pipeline."""

    models: Mapping[str, ModelChoice]
    """Agent name -> Bedrock model id, inference profile id, ARN, the CfnApplicationInferenceProfile itself, or an
    OpenAiEndpoint or SageMakerEndpoint; see docs/models.md. Default: the model that agents.toml names; the packaged
    agents' follows the stack's Region (us., eu., jp., au., us-gov., elsewhere and where the Region is not known at
    synth global.)."""

    application_profiles: Mapping[str, str]
    """ARN of an application inference profile used in `models` -> the model or profile id it was created from, which
    decides permissions and price. A profile of this app needs no entry: give its object to `models`. Default: those
    with a table [models.ARN] in agents.toml."""

    profile_regions: Mapping[str, Sequence[str]]
    """Geography of inference profiles ("us", "apac", a new one) -> Regions that its profiles may be called from and
    send requests to, besides those this construct knows. Default: none besides."""

    guardrail_arn: str | None
    """ARN of the Bedrock guardrail that every model call passes. Default: no guardrail."""

    guardrail_version: str
    """Version of that guardrail: "DRAFT" or a number. Default: "DRAFT", its working draft."""

    prices: Mapping[str, Mapping[str, str]]
    """Model id -> {"input", "output", "cache_read", "cache_write"} in USD per million tokens, as text above 0; input
    and output are required. Default: the list price in the construct's own table; a model it does not know is warned
    about and its cost is unknown."""

    prompt_cache: str
    """How long Bedrock keeps the prompts and conversations of agents with tools after their last use: "5m", "1h" or
    "off". An hour costs twice the price of plain input to write, 5 minutes a quarter more; reading costs a tenth. A
    model that caches nothing goes without. `prompt_cache` in agents.toml chooses by agent. Default: "5m"."""

    service_tiers: Mapping[str, str]
    """Agent name -> Bedrock's service tier for its calls: "default", "priority", "flex" or "reserved", where its model
    has it. Only the default tier has a list price: give that of another by `prices`, under the model's id followed by
    "@flex", else its cost is unknown. `service_tier` in agents.toml does the same. Default: what agents.toml says, else
    the default tier."""

    reasoning: Mapping[str, Mapping[str, int | str]]
    """Agent name -> {"budget_tokens": 2048} or {"effort": "low"}, as its model takes it. A temperature of agents.toml
    is not sent then. `reasoning` in agents.toml does the same. Default: what agents.toml says, else the model's own."""

    budget_ceiling_usd: Decimal | str | float | None
    """Most that one execution may spend on models, in USD, whatever its event asks for; above 0, at most 1,000,000.
    Every model then needs a price. Default: no ceiling."""

    budgets: Budgets | None
    """What may be spent on models in a day and a month, in all and by one tenant; it brings a DynamoDB table. Every
    model then needs a price. Default: no such limits, no table."""

    review: Review | None
    """Who is notified of reviews by people, and which executions have one. Default: nobody is notified, and only
    executions have one whose event asks for it."""

    max_parallel_branches: int
    """Most branches of a flow, such as topics, at the same time; 1 to 50. Default: 5."""

    tokens_per_minute: Mapping[str, TokensPerMinute]
    """Model id -> tokens that one execution may take of it in a minute, 1 to 1,000,000,000, counted as Bedrock's quota
    counts them; "learn": only what throttles have taught. A call that does not fit waits, suspended and not billed.
    Default: no model is limited, a throttled call is tried again after seconds."""
