"""A team in London."""

from aws_cdk import App, Environment, Stack

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="eu-west-2"))
    DurableAgentPipeline(stack, "Pipeline", budget_ceiling_usd="2")
