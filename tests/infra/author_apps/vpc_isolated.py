"""In subnets without a way out and without endpoints."""

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ec2 as ec2

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="us-east-1"))
    inner = ec2.SubnetConfiguration(name="Inner", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    vpc = ec2.Vpc(stack, "Network", max_azs=2, nat_gateways=0, subnet_configuration=[inner])
    selection = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    DurableAgentPipeline(stack, "Pipeline", vpc=vpc, vpc_subnets=selection)
