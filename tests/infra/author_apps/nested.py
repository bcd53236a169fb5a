"""In a nested stack, started by a role of its parent."""

from aws_cdk import App, Environment, NestedStack, Stack
from aws_cdk import aws_iam as iam

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="us-east-1"))
    pipeline = DurableAgentPipeline(NestedStack(stack, "Inner"), "Pipeline")
    caller = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    pipeline.grant_invoke(caller)
    pipeline.grant_operate(caller)
