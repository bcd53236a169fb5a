"""Started by a queue whose failures end in another."""

from aws_cdk import App, Duration, Environment, Stack
from aws_cdk import aws_sqs as sqs

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="us-east-1"))
    pipeline = DurableAgentPipeline(stack, "Pipeline", execution_timeout=Duration.minutes(10))
    failed = sqs.Queue(stack, "Failed", enforce_ssl=True, retention_period=Duration.days(14))
    questions = sqs.Queue(
        stack,
        "Questions",
        enforce_ssl=True,
        visibility_timeout=Duration.minutes(10),
        dead_letter_queue=sqs.DeadLetterQueue(queue=failed, max_receive_count=2),
    )
    pipeline.start_on_queue(questions)
