"""Key, table and caller in stacks of their own."""

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    env = Environment(account="111111111111", region="us-east-1")
    base, reports, callers = (Stack(app, name, env=env) for name in ("Base", "Reports", "Callers"))
    key = kms.Key(base, "Key", enable_key_rotation=True)
    table = dynamodb.TableV2(
        base,
        "Facts",
        partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
    )
    pipeline = DurableAgentPipeline(reports, "Pipeline", encryption_key=key)
    table.grant_read_data(pipeline)
    caller = iam.Role(callers, "Caller", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    pipeline.grant_invoke(caller)
