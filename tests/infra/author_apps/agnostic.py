"""Nothing chosen, not even where."""

from aws_cdk import App, Stack

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    DurableAgentPipeline(Stack(app, "Reports"), "Pipeline")
