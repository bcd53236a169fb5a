"""In private subnets with a NAT gateway, one subnet a zone."""

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ec2 as ec2

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="us-east-1"))
    vpc = ec2.Vpc(stack, "Network", max_azs=2, nat_gateways=1)
    private = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, one_per_az=True)
    pipeline = DurableAgentPipeline(stack, "Pipeline", vpc=vpc, vpc_subnets=private)
    database = ec2.SecurityGroup(stack, "Database", vpc=vpc)
    database.connections.allow_from(pipeline, ec2.Port.POSTGRES)
