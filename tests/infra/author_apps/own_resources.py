"""Everything that a platform team already has."""

from aws_cdk import App, Duration, Environment, Size, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="us-east-1"))
    bucket = s3.Bucket(stack, "Bucket", enforce_ssl=True)
    pipeline = DurableAgentPipeline(
        stack,
        "Pipeline",
        role=iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")),
        log_group=logs.LogGroup(stack, "Logs"),
        dead_letter_queue=sqs.Queue(stack, "Letters", enforce_ssl=True, retention_period=Duration.days(14)),
        alarm_topic=sns.Topic(stack, "Alarms", enforce_ssl=True),
        large_results_bucket=bucket,
        description="Writes our reports",
        ephemeral_storage_size=Size.gibibytes(1),
    )
    bucket.grant_read(pipeline)
