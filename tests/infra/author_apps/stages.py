"""Two stages of one app, as a pipeline deploys them."""

from aws_cdk import App, Environment, Stack, Stage

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    for name, region in (("Beta", "us-east-1"), ("Live", "eu-central-1")):
        stage = Stage(app, name, env=Environment(account="111111111111", region=region))
        DurableAgentPipeline(Stack(stage, "Reports"), "Pipeline")
