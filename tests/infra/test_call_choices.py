"""Service tiers and reasoning as keywords: the function's variable, the prices, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Annotations, Match

from infra.durable_agent_pipeline import DurableAgentPipeline
from tests.fakes import declare_clerk
from tests.infra.apps import new_stack, properties, template_of

SONNET, NOVA = "us.anthropic.claude-sonnet-4-6", "us.amazon.nova-2-lite-v1:0"


def clerk(folder: Path, model: str) -> Path:
    declare_clerk(folder, "key")
    file = folder / "agents.toml"
    file.write_text(file.read_text().replace("a.model", model).replace("max_tokens = 10\n", "max_tokens = 4096\n"))
    return folder


def variables(**choices: Any) -> dict[str, Any]:
    return dict(properties(template_of(**choices), "AWS::Lambda::Function")["Environment"]["Variables"])


def test_what_is_chosen_reaches_the_function(tmp_path):
    found = variables(
        agents=clerk(tmp_path, NOVA), service_tiers={"clerk": "flex"}, reasoning={"clerk": {"effort": "low"}}
    )
    assert json.loads(found["AGENT_CALLS"]) == {"clerk": {"service_tier": "flex", "reasoning": {"effort": "low"}}}


def test_a_tier_without_a_price_is_warned_about_by_name(tmp_path):
    stack = new_stack()
    DurableAgentPipeline(stack, "Pipeline", agents=clerk(tmp_path, NOVA), service_tiers={"clerk": "priority"})
    warnings = [str(found.entry.data) for found in Annotations.from_stack(stack).find_warning("*", Match.any_value())]
    assert [f"'{NOVA}@priority'" in said for said in warnings if "no price is known" in said] == [True]


def test_a_tier_is_priced_as_given_and_never_as_the_default_one(tmp_path):
    prices = {f"{NOVA}@flex": {"input": "0.1", "output": "1"}}
    found = variables(agents=clerk(tmp_path, NOVA), service_tiers={"clerk": "flex"}, prices=prices)
    assert json.loads(found["MODEL_PRICES"])[f"{NOVA}@flex"] == {"input": "0.1", "output": "1", "as_of": "given"}


def test_fails_when_a_budget_could_not_be_kept_in_a_tier(tmp_path):
    with pytest.raises(ValueError, match=f"needs a price for every model, got none for {NOVA}@flex"):
        template_of(agents=clerk(tmp_path, NOVA), service_tiers={"clerk": "flex"}, budget_ceiling_usd=1)


@pytest.mark.parametrize(
    ("model", "choices", "message"),
    [
        (SONNET, {"service_tiers": {"clerk": "flex"}}, "service_tier must be default for .*, got 'flex'"),
        (NOVA, {"service_tiers": {"clerk": "reserved"}}, "must be default or priority or flex for .*, got 'reserved'"),
        (SONNET, {"service_tiers": {"clerk": "fast"}}, "service_tier must be one of default, .*, got 'fast'"),
        (SONNET, {"service_tiers": {"writer": "flex"}}, "must name agents of agents.toml, got 'writer'"),
        (SONNET, {"reasoning": {"clerk": {"budget_tokens": 4096}}}, "must be below max_tokens, which is 4096"),
        (NOVA, {"reasoning": {"clerk": {"effort": "high"}}}, "must be an effort of low, medium for .*, got 'high'"),
        (NOVA, {"reasoning": {"clerk": {"budget_tokens": 2048}}}, "must not be budget_tokens for .*, got 2048"),
        ("amazon.nova-pro-v1:0", {"reasoning": {"clerk": {"effort": "low"}}}, "reasoning must be left out"),
    ],
)
def test_fails_when_the_model_does_not_take_it(tmp_path, model, choices, message):
    with pytest.raises(ValueError, match=message):
        template_of(agents=clerk(tmp_path, model), **choices)
