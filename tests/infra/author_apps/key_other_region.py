"""A key of the wrong Region."""

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_kms as kms

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="us-east-1"))
    arn = "arn:aws:kms:eu-west-1:111111111111:key/12345678-1234-1234-1234-123456789012"
    DurableAgentPipeline(stack, "Pipeline", encryption_key=kms.Key.from_key_arn(stack, "Key", arn))
