"""`budgets`: the table, what the function may do with it, and what its Lambda makes of the variable."""

import json
from decimal import Decimal
from typing import Any

import pytest
from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from agent_workflow.settings import read_settings
from infra.durable_agent_pipeline import Budgets, DurableAgentPipeline
from tests.infra.apps import durable_function, new_stack, properties, template_of, the_only

TABLE = "AWS::DynamoDB::Table"
LIMITS: dict[str, Any] = {
    "per_day_usd": "20",
    "per_month_usd": 300,
    "tenant_per_day_usd": 0.1,
    "tenant_per_month_usd": Decimal("2.50"),
}


def on_dynamodb(template: Template) -> list[dict[str, Any]]:
    """Every statement of any policy that names an action of DynamoDB."""
    policies = template.find_resources("AWS::IAM::Policy").values()
    statements = [s for policy in policies for s in policy["Properties"]["PolicyDocument"]["Statement"]]
    return [statement for statement in statements if "dynamodb" in json.dumps(statement["Action"])]


def test_without_it_there_is_no_table_and_no_right_to_one():
    stack = new_stack()
    pipeline = DurableAgentPipeline(stack, "Pipeline")
    role = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    pipeline.grant_operate(role)
    template = Template.from_stack(stack)
    assert pipeline.budget_table is None
    assert (template.find_resources(TABLE), on_dynamodb(template)) == ({}, [])
    assert "BUDGETS" not in durable_function(template)["Environment"]["Variables"]


def test_the_function_may_update_items_of_its_table_and_nothing_else():
    stack = new_stack("us-east-1")
    pipeline = DurableAgentPipeline(stack, "Pipeline", budgets=Budgets())
    assert pipeline.budget_table
    assert on_dynamodb(Template.from_stack(stack)) == [
        {
            "Effect": "Allow",
            "Action": "dynamodb:UpdateItem",
            "Resource": stack.resolve(pipeline.budget_table.table_arn),
        }
    ]


def test_the_table_is_on_demand_recoverable_and_lets_old_months_go():
    assert properties(template_of(budgets=Budgets()), TABLE) == {
        "AttributeDefinitions": [
            {"AttributeName": "month", "AttributeType": "S"},
            {"AttributeName": "scope", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "month", "KeyType": "HASH"},
            {"AttributeName": "scope", "KeyType": "RANGE"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {"SSEEnabled": False},
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
    }


def test_it_is_encrypted_with_the_callers_key():
    stack = new_stack()
    key = kms.Key(stack, "Key")
    DurableAgentPipeline(stack, "Pipeline", budgets=Budgets(), encryption_key=key)
    encryption = properties(Template.from_stack(stack), TABLE)["SSESpecification"]
    assert encryption == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": stack.resolve(key.key_arn)}


@pytest.mark.parametrize(("chosen", "deletion"), [(RemovalPolicy.DESTROY, "Delete"), (RemovalPolicy.RETAIN, "Retain")])
def test_it_goes_or_stays_with_the_pipeline(chosen: RemovalPolicy, deletion: str):
    assert the_only(template_of(budgets=Budgets(), removal_policy=chosen), TABLE)["DeletionPolicy"] == deletion


def test_the_lambda_reads_the_limits_that_synth_gives_it():
    variable = durable_function(template_of(budgets=Budgets(**LIMITS)))["Environment"]["Variables"]["BUDGETS"]
    before, name, after = variable["Fn::Join"][1]
    assert list(name) == ["Ref"]
    read = read_settings({"BUDGETS": f"{before}a-table{after}"}).budgets
    assert read
    assert read.model_dump() == {"table": "a-table", **{key: Decimal(str(value)) for key, value in LIMITS.items()}}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"per_day_usd": 0}, "per_day_usd of budgets must be an amount in USD above 0 and at most 1000000, got 0"),
        ({"tenant_per_month_usd": "many"}, "tenant_per_month_usd of budgets must be an amount"),
        ({"per_day_usd": 9, "per_month_usd": 5}, "per_day_usd of budgets must be at most per_month_usd, 5, got 9"),
        ({"tenant_per_day_usd": 9, "tenant_per_month_usd": 5}, "at most tenant_per_month_usd, 5, got 9"),
    ],
)
def test_limits_that_break_a_rule_are_refused(wrong: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        Budgets(**wrong)


def test_a_model_without_a_price_is_refused_because_no_window_could_be_kept():
    arn = "arn:aws:bedrock:us-east-1:111111111111:imported-model/abc"
    with pytest.raises(ValueError, match="budgets need a price for every model, got none for arn"):
        template_of(budgets=Budgets(), models={"research": arn})
