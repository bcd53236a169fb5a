"""With the front door."""

from aws_cdk import App, Environment, Stack

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="us-east-1"))
    pipeline = DurableAgentPipeline(stack, "Pipeline")
    pipeline.add_api(cloud_watch_role=False)
