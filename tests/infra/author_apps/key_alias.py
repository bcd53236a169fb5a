"""The key by its alias, as the security team names it."""

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_kms as kms

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="us-east-1"))
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    alias = kms.Alias(stack, "Name", alias_name="alias/reports", target_key=key)
    DurableAgentPipeline(stack, "Pipeline", encryption_key=alias)
