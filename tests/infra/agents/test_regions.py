"""The packaged agents' model in every Region, and what cannot be called from where."""

import json
from typing import Any

import pytest
from aws_cdk.assertions import Annotations, Match, Template

from infra.durable_agent_pipeline import DurableAgentPipeline
from infra.durable_agent_pipeline.agents.regions import DESTINATIONS, can_be_called_from
from tests.infra.apps import PACKAGED_AGENTS, new_stack, properties

SONNET = "anthropic.claude-sonnet-4-6"
GOVCLOUD = "us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0"


def models_in(region: str | None, **choices: Any) -> set[str]:
    """The models that the function is told to price, which are those that its agents use."""
    stack = new_stack(region)
    DurableAgentPipeline(stack, "Pipeline", **choices)
    assert not Annotations.from_stack(stack).find_warning("*", Match.any_value())
    template = Template.from_stack(stack)
    variables = properties(template, "AWS::Lambda::Function")["Environment"]["Variables"]
    used = set(json.loads(variables["MODEL_PRICES"]))
    told = set(json.loads(variables.get("AGENT_MODELS", "{}")).values())
    assert told <= used
    for model in used:
        assert f"inference-profile/{model}" in json.dumps(template.to_json())
    return used


@pytest.mark.parametrize(
    ("region", "model"),
    [
        (None, f"global.{SONNET}"),
        *((region, f"us.{SONNET}") for region in ("us-east-1", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1")),
        *((region, f"eu.{SONNET}") for region in ("eu-west-1", "eu-west-2", "eu-central-1", "eu-central-2")),
        *((region, f"jp.{SONNET}") for region in ("ap-northeast-1", "ap-northeast-3")),
        *((region, f"au.{SONNET}") for region in ("ap-southeast-2", "ap-southeast-4")),
        *((region, f"global.{SONNET}") for region in ("ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-east-1")),
        *((region, f"global.{SONNET}") for region in ("sa-east-1", "me-central-1", "af-south-1", "mx-central-1")),
        ("il-central-1", f"global.{SONNET}"),
        *(
            (region, "us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0")
            for region in ("us-gov-west-1", "us-gov-east-1")
        ),
    ],
)
def test_the_default_works_where_the_stack_is(region, model):
    assert models_in(region) == {model}


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ("cn-north-1", "the stack's Region must offer Amazon Bedrock, got cn-north-1"),
        ("cn-northwest-1", "the stack's Region must offer Amazon Bedrock, got cn-northwest-1"),
        (
            "us-iso-east-1",
            "models must name a model for every agent in us-iso-east-1, because no default",
        ),
        ("eusc-de-east-1", "models must name a model for every agent in eusc-de-east-1"),
    ],
)
def test_fails_in_one_line_where_no_model_can_be_called(region, message):
    with pytest.raises(ValueError, match=r".") as refused:
        DurableAgentPipeline(new_stack(region), "Pipeline")
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_a_stack_whose_region_is_not_known_at_synth_is_told_where_its_requests_may_run():
    stack = new_stack()
    DurableAgentPipeline(stack, "Pipeline")
    said = Match.string_like_regexp("may run in any commercial Region")
    assert len(Annotations.from_stack(stack).find_info("/Stack/Pipeline", said)) == 1


@pytest.mark.parametrize(
    ("region", "model"),
    [
        ("eu-west-1", f"us.{SONNET}"),
        ("us-west-2", f"jp.{SONNET}"),
        ("us-east-1", f"us-gov.{SONNET}"),
        ("us-gov-west-1", f"us.{SONNET}"),
        ("us-gov-west-1", f"global.{SONNET}"),
        ("ap-southeast-1", f"au.{SONNET}"),
    ],
)
def test_fails_when_a_profile_cannot_be_called_from_the_stacks_region(region, model):
    with pytest.raises(ValueError, match=f"models: '{model}' cannot be called from {region}: choose"):
        DurableAgentPipeline(new_stack(region), "Pipeline", models=dict.fromkeys(PACKAGED_AGENTS, model))


@pytest.mark.parametrize(
    ("region", "model"),
    [
        ("eu-west-2", f"eu.{SONNET}"),
        ("eu-central-2", f"eu.{SONNET}"),
        ("eu-west-1", f"global.{SONNET}"),
        ("ca-central-1", f"us.{SONNET}"),
        ("ca-west-1", "ca.amazon.nova-lite-v1:0"),
        ("ap-southeast-7", "apac.amazon.nova-lite-v1:0"),
        ("me-central-1", "apac.amazon.nova-lite-v1:0"),
    ],
)
def test_a_profile_of_the_regions_geography_is_accepted(region, model):
    assert models_in(region, models=dict.fromkeys(PACKAGED_AGENTS, model)) == {model}


def test_a_new_geography_and_new_regions_are_the_callers_to_add():
    model = f"sa.{SONNET}"
    stack = new_stack("sa-east-1")
    DurableAgentPipeline(
        stack,
        "Pipeline",
        models=dict.fromkeys(PACKAGED_AGENTS, model),
        profile_regions={"sa": ["sa-east-1", "sa-west-1"]},
        prices={model: {"input": "3", "output": "15"}},
    )
    text = json.dumps(Template.from_stack(stack).to_json())
    for region in ("sa-east-1", "sa-west-1"):
        assert f"bedrock:{region}::foundation-model/{SONNET}" in text


@pytest.mark.parametrize(
    ("regions", "rule"),
    [
        ("sa-east-1", r"profile_regions\['sa'\] must be a list, got 'sa-east-1'"),
        (["everywhere"], r"profile_regions\['sa'\] must list Regions, got"),
        ([3], r"profile_regions\['sa'\]\[0\] must be text, got 3"),
    ],
)
def test_fails_when_profile_regions_lists_no_regions(regions, rule):
    with pytest.raises(ValueError, match=rule):
        DurableAgentPipeline(new_stack(), "Pipeline", profile_regions={"sa": regions})


def test_every_geography_can_be_called_from_its_own_destinations():
    for geography, regions in DESTINATIONS.items():
        assert all(can_be_called_from(geography, region) for region in regions), geography
