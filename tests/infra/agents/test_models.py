"""What a model id names."""

import pytest

from infra.durable_agent_pipeline.agents.models import ModelKind, read_model
from infra.durable_agent_pipeline.agents.retired import RETIRED

ACCOUNT = "arn:aws:bedrock:us-east-1:111111111111"


@pytest.mark.parametrize(
    ("model_id", "kind", "foundation"),
    [
        ("amazon.nova-lite-v1:0", ModelKind.FOUNDATION_MODEL, "amazon.nova-lite-v1:0"),
        ("moonshotai.kimi-k2.5", ModelKind.FOUNDATION_MODEL, "moonshotai.kimi-k2.5"),
        ("us.anthropic.claude-sonnet-4-6", ModelKind.GEOGRAPHIC_PROFILE, "anthropic.claude-sonnet-4-6"),
        ("us-gov.anthropic.claude-sonnet-4-6", ModelKind.GEOGRAPHIC_PROFILE, "anthropic.claude-sonnet-4-6"),
        ("global.anthropic.claude-sonnet-4-6", ModelKind.GLOBAL_PROFILE, "anthropic.claude-sonnet-4-6"),
        (f"{ACCOUNT}:inference-profile/eu.amazon.nova-pro-v1:0", ModelKind.GEOGRAPHIC_PROFILE, "amazon.nova-pro-v1:0"),
        (
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
            ModelKind.FOUNDATION_MODEL,
            "amazon.nova-lite-v1:0",
        ),
        (f"{ACCOUNT}:provisioned-model/abc123def456", ModelKind.RESOURCE, None),
        (f"{ACCOUNT}:imported-model/abc123def456", ModelKind.RESOURCE, None),
        (f"{ACCOUNT}:custom-model-deployment/abc123def456", ModelKind.RESOURCE, None),
    ],
)
def test_the_id_alone_tells_the_kind(model_id, kind, foundation):
    model = read_model(model_id, {})
    assert (model.id, model.kind, model.foundation) == (model_id, kind, foundation)


def test_an_application_profile_is_known_by_what_it_was_created_from():
    arn = f"{ACCOUNT}:application-inference-profile/abc"
    model = read_model(arn, {arn: "eu.anthropic.claude-sonnet-4-6"})
    assert model.source
    assert (model.kind, model.source.geography) == (ModelKind.APPLICATION_PROFILE, "eu")


@pytest.mark.parametrize(
    ("model_id", "message"),
    [
        ("", "must be a Bedrock model id or ARN, got ''"),
        ("claude", "must be a Bedrock model id or ARN, got 'claude'"),
        ("us.anthropic claude", "must be a Bedrock model id or ARN"),
        ("uk.anthropic.claude-sonnet-4-6", "geography of an inference profile must be one of apac, au, ca, eu, global"),
        (f"{ACCOUNT}:application-inference-profile/abc", "must be listed in application_profiles"),
        (f"{ACCOUNT}:default-prompt-router/abc", "must be a model, profile or deployment that Converse accepts"),
        (
            "anthropic.claude-3-5-sonnet-20240620-v1:0",
            "retired on 2026-03-01, got 'anthropic.claude-3-5-sonnet-20240620-v1:0', use 'anthropic.claude-sonnet-4-6'",
        ),
        ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", "use 'us.anthropic.claude-sonnet-4-6'"),
    ],
)
def test_fails_when_the_id_names_nothing_usable(model_id, message):
    with pytest.raises(ValueError, match=r".") as refused:
        read_model(model_id, {})
    assert message in str(refused.value)


def test_no_successor_is_itself_retired():
    assert not {successor for _, successor in RETIRED.values()} & RETIRED.keys()
