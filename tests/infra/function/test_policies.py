"""The permissions, statement by statement."""

from typing import Any

import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from infra.durable_agent_pipeline import Budgets, DurableAgentPipeline
from infra.durable_agent_pipeline.agents.models import read_model
from infra.durable_agent_pipeline.function.policies import model_statements
from scripts.operate.calls import CALLS
from tests.infra.apps import new_stack

INVOKE = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
PROFILES = "arn:aws:bedrock:us-east-1:111111111111:inference-profile"


def statements_of(
    model_id: str, profiles: dict[str, str] | None = None, region: str = "us-east-1"
) -> list[dict[str, Any]]:
    home = new_stack(region)
    found = [
        home.resolve(s.to_statement_json()) for s in model_statements(home, [read_model(model_id, profiles or {})])
    ]
    assert all(statement.pop("Action") == INVOKE and statement.pop("Effect") == "Allow" for statement in found)
    return found


def model(region: str, name: str) -> str:
    return f"arn:aws:bedrock:{region}::foundation-model/{name}"


def test_a_foundation_model_needs_one_model_in_one_region():
    assert statements_of("amazon.nova-lite-v1:0") == [{"Resource": model("us-east-1", "amazon.nova-lite-v1:0")}]


def test_a_geographic_profile_needs_itself_and_its_destinations_through_itself():
    profile = f"{PROFILES}/us.anthropic.claude-sonnet-4-6"
    assert statements_of("us.anthropic.claude-sonnet-4-6") == [
        {"Resource": profile},
        {
            "Resource": [model(r, "anthropic.claude-sonnet-4-6") for r in ("us-east-1", "us-east-2", "us-west-2")],
            "Condition": {"StringEquals": {"bedrock:InferenceProfileArn": profile}},
        },
    ]


def test_a_source_region_outside_the_geographys_table_is_a_destination_too():
    _, behind = statements_of("us.anthropic.claude-sonnet-4-6", region="ca-central-1")
    assert behind["Resource"][-1] == model("ca-central-1", "anthropic.claude-sonnet-4-6")


def test_a_global_profile_needs_the_model_without_a_region():
    profile = f"{PROFILES}/global.anthropic.claude-sonnet-4-6"
    through = {"bedrock:InferenceProfileArn": profile}
    assert statements_of("global.anthropic.claude-sonnet-4-6") == [
        {"Resource": profile},
        {"Resource": model("us-east-1", "anthropic.claude-sonnet-4-6"), "Condition": {"StringEquals": through}},
        {
            "Resource": model("", "anthropic.claude-sonnet-4-6"),
            "Condition": {"StringEquals": {"aws:RequestedRegion": "unspecified", **through}},
        },
    ]


def test_an_application_profile_needs_itself_and_what_it_was_created_from():
    arn = "arn:aws:bedrock:us-east-1:111111111111:application-inference-profile/abc"
    through = {"StringEquals": {"bedrock:InferenceProfileArn": arn}}
    assert statements_of(arn, {arn: "jp.anthropic.claude-sonnet-4-6"}, region="ap-northeast-1") == [
        {"Resource": arn},
        {
            "Resource": [model(r, "anthropic.claude-sonnet-4-6") for r in ("ap-northeast-1", "ap-northeast-3")],
            "Condition": through,
        },
    ]


@pytest.mark.parametrize("kind", ["provisioned-model", "imported-model", "custom-model-deployment"])
def test_a_resource_of_the_account_needs_only_itself(kind):
    arn = f"arn:aws:bedrock:us-east-1:111111111111:{kind}/abc"
    assert statements_of(arn) == [{"Resource": arn}]


def test_two_agents_with_one_model_need_it_once():
    twice = [read_model("amazon.nova-lite-v1:0", {})] * 2
    assert len(model_statements(new_stack(), twice)) == 1


def execution_policy(template: Template) -> list[dict[str, Any]]:
    policies = template.find_resources("AWS::IAM::Policy")
    return [s for policy in policies.values() for s in policy["Properties"]["PolicyDocument"]["Statement"]]


def test_the_whole_execution_policy_of_the_default_pipeline():
    home = new_stack("us-east-1")
    pipeline = DurableAgentPipeline(home, "Pipeline")
    assert pipeline.large_results
    names = {
        what: home.resolve(arn)["Fn::GetAtt"]
        for what, arn in {
            "logs": pipeline.log_group.log_group_arn,
            "bucket": pipeline.large_results.bucket_arn,
            "queue": pipeline.dead_letter_queue.queue_arn,
            "function": pipeline.function.function_arn,
        }.items()
    }
    profile = f"{PROFILES}/us.anthropic.claude-sonnet-4-6"
    assert execution_policy(Template.from_stack(home)) == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::GetAtt": names["logs"]},
        },
        {"Effect": "Allow", "Action": INVOKE, "Resource": profile},
        {
            "Effect": "Allow",
            "Action": INVOKE,
            "Resource": [model(r, "anthropic.claude-sonnet-4-6") for r in ("us-east-1", "us-east-2", "us-west-2")],
            "Condition": {"StringEquals": {"bedrock:InferenceProfileArn": profile}},
        },
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": {"Fn::Join": ["", [{"Fn::GetAtt": names["bucket"]}, "/*"]]},
        },
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": {"Fn::GetAtt": names["bucket"]}},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": names["queue"]}},
        {"Effect": "Allow", "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": [
                "lambda:CheckpointDurableExecution",
                "lambda:GetDurableExecution",
                "lambda:GetDurableExecutionHistory",
                "lambda:GetDurableExecutionState",
                "lambda:InvokeFunction",
            ],
            "Resource": {"Fn::Join": ["", [{"Fn::GetAtt": names["function"]}, ":*"]]},
        },
    ]


def granted(grant: str) -> list[dict[str, Any]]:
    home = new_stack("us-east-1")
    pipeline = DurableAgentPipeline(home, "Pipeline", budgets=Budgets())
    assert pipeline.budget_table
    role = iam.Role(home, "Caller", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    getattr(pipeline, grant)(role)
    function = home.resolve(pipeline.function.function_arn)
    alias = home.resolve(pipeline.alias.function_arn)
    versions = {"Fn::Join": ["", [function, ":*"]]}
    template = Template.from_stack(home).to_json()["Resources"]
    (policy,) = [r for name, r in template.items() if name.startswith("Caller") and r["Type"] == "AWS::IAM::Policy"]
    stack_arn = home.format_arn(service="cloudformation", resource="stack", resource_name=f"{home.stack_name}/*")
    short = {str(function): "FUNCTION", str(alias): "ALIAS", str(versions): "VERSIONS", "*": "*"}
    short[str(home.resolve(stack_arn))] = "STACK"
    short[str(home.resolve(pipeline.budget_table.table_arn))] = "BUDGETS"
    return [
        {"Action": s["Action"], "Resource": [short[str(r)] for r in _listed(s["Resource"])]}
        for s in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_an_invoker_may_start_the_alias_and_nothing_else():
    assert granted("grant_invoke") == [{"Action": "lambda:InvokeFunction", "Resource": ["ALIAS"]}]


FIND = {
    "Action": ["lambda:ListDurableExecutionsByFunction", "lambda:ListVersionsByFunction"],
    "Resource": ["FUNCTION", "VERSIONS"],
}
STACK = {"Action": "cloudformation:DescribeStacks", "Resource": ["STACK"]}


def test_a_reviewer_may_find_read_and_answer_and_nothing_else():
    assert granted("grant_review") == [
        FIND,
        {
            "Action": [
                "lambda:GetDurableExecution",
                "lambda:GetDurableExecutionHistory",
                "lambda:SendDurableExecutionCallbackFailure",
                "lambda:SendDurableExecutionCallbackHeartbeat",
                "lambda:SendDurableExecutionCallbackSuccess",
            ],
            "Resource": ["VERSIONS"],
        },
        STACK,
    ]


def test_an_operator_may_look_stop_pause_and_resume_but_neither_start_nor_answer():
    assert granted("grant_operate") == [
        {**FIND, "Action": ["lambda:GetAlias", "lambda:GetFunctionConfiguration", *FIND["Action"]]},
        {
            "Action": [
                "lambda:GetDurableExecution",
                "lambda:GetDurableExecutionHistory",
                "lambda:PauseDurableExecution",
                "lambda:ResumeDurableExecution",
                "lambda:StopDurableExecution",
            ],
            "Resource": ["VERSIONS"],
        },
        STACK,
        {
            "Action": [
                "bedrock:GetFoundationModel",
                "bedrock:GetFoundationModelAvailability",
                "bedrock:GetUseCaseForModelAccess",
                "cloudwatch:GetMetricData",
                "lambda:GetAccountSettings",
            ],
            "Resource": ["*"],
        },
        {"Action": "dynamodb:Query", "Resource": ["BUDGETS"]},
    ]


@pytest.mark.parametrize("grant", ["grant_invoke", "grant_review", "grant_operate"])
def test_a_grant_covers_what_the_commands_call_under_its_name(grant):
    """No call leaves that the table does not have, and it names the grant; no more is granted than that."""
    answers = [f"lambda:SendDurableExecutionCallback{kind}" for kind in ("Success", "Failure", "Heartbeat")]
    for_programs = set(answers[1:]) if grant == "grant_review" else set()
    reading = {call.action for call in CALLS if call.grant == "grant_review"} - set(answers)
    needed = {call.action for call in CALLS if call.grant == grant} | (reading if grant == "grant_operate" else set())
    actions = {action for statement in granted(grant) for action in _listed(statement["Action"])}
    assert actions == needed | for_programs
