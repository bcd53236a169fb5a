"""In subnets without a way out, with the endpoints that the pipeline needs."""

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ec2 as ec2

from infra.durable_agent_pipeline import DurableAgentPipeline


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="us-east-1"))
    vpc = ec2.Vpc(
        stack,
        "Network",
        max_azs=2,
        nat_gateways=0,
        subnet_configuration=[ec2.SubnetConfiguration(name="Inner", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)],
        gateway_endpoints={"S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)},
    )
    vpc.add_interface_endpoint("Bedrock", service=ec2.InterfaceVpcEndpointAwsService.BEDROCK_RUNTIME)
    vpc.add_interface_endpoint("Lambda", service=ec2.InterfaceVpcEndpointAwsService.LAMBDA_)
    inner = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    DurableAgentPipeline(stack, "Pipeline", vpc=vpc, vpc_subnets=inner)
