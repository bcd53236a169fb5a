"""Everything that a platform team has in another app, which must say itself what it allows."""

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="us-east-1"))
    base = "us-east-1:111111111111"
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111111111111:role/reports", mutable=False)
    DurableAgentPipeline(
        stack,
        "Pipeline",
        role=role,
        log_group=logs.LogGroup.from_log_group_name(stack, "Logs", "/reports"),
        dead_letter_queue=sqs.Queue.from_queue_arn(stack, "Letters", f"arn:aws:sqs:{base}:letters"),
        alarm_topic=sns.Topic.from_topic_arn(stack, "Alarms", f"arn:aws:sns:{base}:alarms"),
        large_results_bucket=s3.Bucket.from_bucket_name(stack, "Bucket", "reports-large-results"),
    )
