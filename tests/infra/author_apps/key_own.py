"""A key of its own for everything that is stored."""

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_kms as kms

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="us-east-1"))
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    DurableAgentPipeline(stack, "Pipeline", encryption_key=key)
