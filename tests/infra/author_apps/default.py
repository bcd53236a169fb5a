"""Nothing chosen, in a known account and Region."""

from aws_cdk import App, Environment, Stack

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="us-east-1"))
    DurableAgentPipeline(stack, "Pipeline")
