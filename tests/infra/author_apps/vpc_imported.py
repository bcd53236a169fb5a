"""In subnets of the network team, named one by one."""

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ec2 as ec2

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="us-east-1"))
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Network",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["us-east-1a", "us-east-1b"],
        private_subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    )
    theirs = [ec2.Subnet.from_subnet_id(stack, "Theirs", "subnet-0123456789abcdef2")]
    DurableAgentPipeline(stack, "Pipeline", vpc=vpc, vpc_subnets=ec2.SubnetSelection(subnets=theirs))
