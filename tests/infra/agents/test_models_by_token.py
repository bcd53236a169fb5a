"""Models whose ids only the deployment knows: resolved with their foundation models, or refused."""

import json
from typing import Any

import pytest
from aws_cdk import CfnParameter, Fn, Stack, Token
from aws_cdk import aws_bedrock as bedrock
from aws_cdk.assertions import Template

from infra.durable_agent_pipeline import DurableAgentPipeline
from tests.infra.apps import PACKAGED_AGENTS, new_stack, properties

SONNET = "anthropic.claude-sonnet-4-6"


def application_profile(stack: Stack, name: str = "Team", source: str | None = None) -> Any:
    copied = source or stack.format_arn(service="bedrock", resource="inference-profile", resource_name=f"us.{SONNET}")
    return bedrock.CfnApplicationInferenceProfile(
        stack,
        name,
        inference_profile_name=name,
        model_source=bedrock.CfnApplicationInferenceProfile.InferenceProfileModelSourceProperty(copy_from=copied),
    )


def invoking(stack: Stack) -> list[dict[str, Any]]:
    policies = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    statements = [s for policy in policies for s in policy["Properties"]["PolicyDocument"]["Statement"]]
    return [s for s in statements if "bedrock:InvokeModel" in s["Action"]]


@pytest.mark.parametrize("by", ["object", "arn"])
def test_a_profile_of_this_app_is_granted_with_its_foundation_models(by):
    stack = new_stack("us-east-1")
    profile = application_profile(stack)
    chosen = profile if by == "object" else profile.attr_inference_profile_arn
    DurableAgentPipeline(stack, "Pipeline", models=dict.fromkeys(PACKAGED_AGENTS, chosen))
    arn = {"Fn::GetAtt": ["Team", "InferenceProfileArn"]}
    itself, behind = invoking(stack)
    assert itself["Resource"] == arn
    assert behind["Resource"] == [
        f"arn:aws:bedrock:{region}::foundation-model/{SONNET}" for region in ("us-east-1", "us-east-2", "us-west-2")
    ]
    assert behind["Condition"] == {"StringEquals": {"bedrock:InferenceProfileArn": arn}}
    variables = properties(Template.from_stack(stack), "AWS::Lambda::Function")["Environment"]["Variables"]
    for name in ("AGENT_MODELS", "MODEL_PRICES"):
        assert arn in variables[name]["Fn::Join"][1]


def test_a_profile_arn_with_tokens_in_it_is_granted_with_its_foundation_models():
    stack = new_stack()
    arn = stack.format_arn(service="bedrock", resource="inference-profile", resource_name=f"us.{SONNET}")
    DurableAgentPipeline(stack, "Pipeline", models=dict.fromkeys(PACKAGED_AGENTS, arn))
    itself, behind = invoking(stack)
    assert itself["Resource"]["Fn::Join"][1][-1] == f":inference-profile/us.{SONNET}"
    assert f"foundation-model/{SONNET}" in json.dumps(behind["Resource"])


def test_a_foundation_model_object_is_granted():
    stack = new_stack("us-east-1")
    identifier = bedrock.FoundationModelIdentifier.AMAZON_NOVA_LITE_V1_0
    model = bedrock.FoundationModel.from_foundation_model_id(stack, "Nova", identifier)
    DurableAgentPipeline(stack, "Pipeline", models=dict.fromkeys(PACKAGED_AGENTS, model))
    (statement,) = invoking(stack)
    assert "foundation-model/amazon.nova-lite-v1:0" in json.dumps(statement["Resource"])


def test_a_token_that_the_caller_explains_is_granted_with_its_foundation_models():
    stack = new_stack("eu-west-1")
    arn = Fn.import_value("TeamProfile")
    DurableAgentPipeline(
        stack, "Pipeline", models=dict.fromkeys(PACKAGED_AGENTS, arn), application_profiles={arn: f"eu.{SONNET}"}
    )
    itself, behind = invoking(stack)
    assert itself["Resource"] == {"Fn::ImportValue": "TeamProfile"}
    assert f"arn:aws:bedrock:eu-west-3::foundation-model/{SONNET}" in behind["Resource"]


def test_a_deployment_of_the_account_may_have_a_name_known_only_later():
    stack = new_stack("us-east-1")
    name = Token.as_string({"Ref": "Provisioned"})
    arn = stack.format_arn(service="bedrock", resource="provisioned-model", resource_name=name)
    DurableAgentPipeline(stack, "Pipeline", models=dict.fromkeys(PACKAGED_AGENTS, arn))
    (statement,) = invoking(stack)
    assert "provisioned-model/" in json.dumps(statement["Resource"])


def hidden(stack: Stack) -> dict[str, str]:
    name = Token.as_string({"Ref": "Hidden"})
    return {
        "an import": Fn.import_value("TeamProfile"),
        "a parameter": CfnParameter(stack, "Model").value_as_string,
        "a profile's name": stack.format_arn(service="bedrock", resource="inference-profile", resource_name=name),
        "an application profile": stack.format_arn(
            service="bedrock", resource="application-inference-profile", resource_name=name
        ),
    }


@pytest.mark.parametrize("case", ["an import", "a parameter", "a profile's name", "an application profile"])
def test_fails_in_one_line_when_a_token_hides_what_it_names(case):
    stack = new_stack("us-east-1")
    with pytest.raises(ValueError, match="listed in application_profiles with the model id it was created from") as no:
        DurableAgentPipeline(stack, "Pipeline", models={"summary": hidden(stack)[case]})
    assert "\n" not in str(no.value)
    assert "${Token" not in str(no.value)


def test_fails_when_a_profile_copies_from_a_region_that_cannot_be_called():
    stack = new_stack("eu-west-1")
    with pytest.raises(ValueError, match="cannot be called from eu-west-1"):
        DurableAgentPipeline(stack, "Pipeline", models={"summary": application_profile(stack)})
