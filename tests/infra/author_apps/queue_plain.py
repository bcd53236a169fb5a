"""Started by a queue with nothing said about it."""

from aws_cdk import App, Duration, Environment, Stack
from aws_cdk import aws_sqs as sqs

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="us-east-1"))
    pipeline = DurableAgentPipeline(stack, "Pipeline", execution_timeout=Duration.minutes(10))
    pipeline.start_on_queue(sqs.Queue(stack, "Questions"))
