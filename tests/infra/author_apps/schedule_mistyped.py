"""A field's name mistyped: every execution would be refused."""

from aws_cdk import App, Duration, Environment, Stack
from aws_cdk import aws_scheduler as scheduler

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="us-east-1"))
    pipeline = DurableAgentPipeline(stack, "Pipeline")
    daily = scheduler.ScheduleExpression.rate(Duration.days(1))
    pipeline.start_on_schedule("Daily", schedule=daily, event={"query": "news", "budget": "0.50"})
