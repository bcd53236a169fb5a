"""Resources that the caller brings along take the place of the construct's own, with the rights that they need."""

import json
from typing import Any

import pytest
from aws_cdk import Size, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Annotations, Match, Template

from infra.durable_agent_pipeline import DurableAgentPipeline
from tests.infra.apps import new_stack, properties


def statements(template: Template) -> list[dict[str, Any]]:
    policies = template.find_resources("AWS::IAM::Policy").values()
    return [s for policy in policies for s in policy["Properties"]["PolicyDocument"]["Statement"]]


def test_what_is_brought_is_used_and_nothing_is_made_beside_it():
    stack = new_stack("us-east-1")
    brought: dict[str, Any] = {
        "role": iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")),
        "log_group": logs.LogGroup(stack, "Logs"),
        "alarm_topic": sns.Topic(stack, "Topic"),
        "large_results_bucket": s3.Bucket(stack, "Bucket"),
        "dead_letter_queue": sqs.Queue(stack, "Letters"),
    }
    made = DurableAgentPipeline(stack, "Pipeline", **brought)
    template = Template.from_stack(stack)
    for kind in ("AWS::Logs::LogGroup", "AWS::SNS::Topic", "AWS::S3::Bucket"):
        template.resource_count_is(kind, 1)
    function = properties(template, "AWS::Lambda::Function")
    assert function["Role"] == stack.resolve(brought["role"].role_arn)
    assert function["LoggingConfig"]["LogGroup"] == stack.resolve(brought["log_group"].log_group_name)
    assert function["DeadLetterConfig"]["TargetArn"] == stack.resolve(brought["dead_letter_queue"].queue_arn)
    bucket = stack.resolve(brought["large_results_bucket"].bucket_name)
    assert function["Environment"]["Variables"]["LARGE_RESULTS_BUCKET"] == bucket
    assert made.alarm_topic is brought["alarm_topic"]
    topic = stack.resolve(made.alarm_topic.topic_arn)
    for alarm in template.find_resources("AWS::CloudWatch::Alarm").values():
        assert alarm["Properties"]["AlarmActions"] == [topic]


def test_a_topic_that_is_brought_lets_alarms_publish():
    stack = new_stack("us-east-1")
    DurableAgentPipeline(stack, "Pipeline", alarm_topic=sns.Topic(stack, "Topic"))
    policy = properties(Template.from_stack(stack), "AWS::SNS::TopicPolicy")["PolicyDocument"]
    services = {statement["Principal"]["Service"] for statement in policy["Statement"]}
    assert {"cloudwatch.amazonaws.com", "events.amazonaws.com"} <= services


def test_the_key_of_a_topic_that_is_brought_lets_alarms_use_it():
    stack = new_stack("us-east-1")
    key = kms.Key(stack, "Key")
    DurableAgentPipeline(stack, "Pipeline", alarm_topic=sns.Topic(stack, "Topic", master_key=key))
    policy = properties(Template.from_stack(stack), "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    allowed = {s["Principal"]["Service"]: s["Action"] for s in policy if "Service" in s["Principal"]}
    assert allowed["cloudwatch.amazonaws.com"] == ["kms:Decrypt", "kms:GenerateDataKey"]


def test_a_role_that_is_brought_may_do_what_the_pipelines_own_may():
    def allowed(own: bool) -> set[str]:
        stack = new_stack("us-east-1")
        role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")) if own else None
        DurableAgentPipeline(stack, "Pipeline", role=role)
        found = [statement["Action"] for statement in statements(Template.from_stack(stack))]
        return {action for one in found for action in (one if isinstance(one, list) else [one])}

    assert allowed(own=True) == allowed(own=False)


def test_a_role_that_cannot_be_changed_is_left_alone_and_warned_about():
    stack = new_stack("us-east-1")
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111111111111:role/theirs", mutable=False)
    DurableAgentPipeline(stack, "Pipeline", role=role)
    assert "theirs" not in json.dumps(Template.from_stack(stack).find_resources("AWS::IAM::Policy"))
    (warning,) = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    assert "the role cannot be changed here" in str(warning.entry.data)


def test_a_bucket_with_a_key_of_its_own_brings_the_right_to_the_key():
    stack = new_stack("us-east-1")
    key = kms.Key(stack, "Key")
    bucket = s3.Bucket(stack, "Bucket", encryption=s3.BucketEncryption.KMS, encryption_key=key)
    DurableAgentPipeline(stack, "Pipeline", large_results_bucket=bucket)
    template = Template.from_stack(stack)
    (found,) = [s for s in statements(template) if s["Resource"] == stack.resolve(key.key_arn)]
    assert found["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert "LARGE_RESULTS_KMS_KEY_ARN" not in str(properties(template, "AWS::Lambda::Function"))


def test_fails_when_a_bucket_is_brought_that_nothing_uses():
    stack = new_stack()
    with pytest.raises(ValueError, match="large_results_bucket must come with large_results, got large_results=False"):
        DurableAgentPipeline(stack, "Pipeline", large_results=False, large_results_bucket=s3.Bucket(stack, "Bucket"))


def test_a_grant_takes_the_pipeline_itself():
    stack = new_stack()
    key = dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING)
    table = dynamodb.TableV2(stack, "Table", partition_key=key)
    table.grant_read_data(DurableAgentPipeline(stack, "Pipeline"))
    assert [s for s in statements(Template.from_stack(stack)) if "dynamodb:GetItem" in s["Action"]]


def in_vpc() -> tuple[Stack, ec2.Vpc, DurableAgentPipeline]:
    stack = new_stack("us-east-1")
    vpc = ec2.Vpc(stack, "Vpc", nat_gateways=1, max_azs=2)
    return stack, vpc, DurableAgentPipeline(stack, "Pipeline", vpc=vpc)


def test_a_door_is_opened_from_the_pipeline_itself():
    stack, vpc, made = in_vpc()
    database = ec2.SecurityGroup(stack, "Database", vpc=vpc)
    database.connections.allow_from(made, ec2.Port.POSTGRES)
    rule = properties(Template.from_stack(stack), "AWS::EC2::SecurityGroupIngress")
    assert rule["FromPort"] == 5432


def test_fails_when_there_is_no_network_to_connect_from():
    with pytest.raises(ValueError, match="connections must come with vpc, got no vpc"):
        _ = DurableAgentPipeline(new_stack(), "Pipeline").connections


def test_layers_description_and_room_are_the_callers():
    stack = new_stack()
    layers = [
        lambda_.LayerVersion.from_layer_version_arn(stack, name, f"arn:aws:lambda:us-east-1:1:layer:{name}:1")
        for name in ("One", "Otel")
    ]
    DurableAgentPipeline(
        stack,
        "Pipeline",
        layers=layers[:1],
        opentelemetry_layer=layers[1],
        description="Ours",
        ephemeral_storage_size=Size.gibibytes(2),
    )
    function = properties(Template.from_stack(stack), "AWS::Lambda::Function")
    assert function["Layers"] == [layer.layer_version_arn for layer in layers]
    assert (function["Description"], function["EphemeralStorage"]["Size"]) == ("Ours", 2048)


@pytest.mark.parametrize("selection", ["imported", "one_per_az"])
def test_any_selection_of_subnets_is_the_functions(selection):
    stack = new_stack("us-east-1")
    kind = ec2.SubnetType.PRIVATE_WITH_EGRESS
    two = [ec2.SubnetConfiguration(name=name, subnet_type=kind) for name in ("One", "Two")]
    out = ec2.SubnetConfiguration(name="Out", subnet_type=ec2.SubnetType.PUBLIC)
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2, subnet_configuration=[out, *two])
    theirs = ec2.Subnet.from_subnet_id(stack, "Theirs", "subnet-0123456789abcdef0")
    chosen = {
        "imported": ec2.SubnetSelection(subnets=[theirs]),
        "one_per_az": ec2.SubnetSelection(subnet_type=kind, one_per_az=True),
    }[selection]
    DurableAgentPipeline(stack, "Pipeline", vpc=vpc, vpc_subnets=chosen)
    functions = Template.from_stack(stack).find_resources(
        "AWS::Lambda::Function", {"Properties": {"DurableConfig": {}}}
    )
    (function,) = functions.values()
    assert len(function["Properties"]["VpcConfig"]["SubnetIds"]) == (1 if selection == "imported" else 2)
