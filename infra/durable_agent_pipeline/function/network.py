"""What the function needs to live in a VPC."""

from aws_cdk import Annotations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from ..acknowledgements import accept_interfaces
from ..agents.plan import Plan
from ..choices.props import PipelineProps
from .role import can_change

INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)


def network_access(
    scope: Construct, props: PipelineProps, plan: Plan, role: iam.IRole, function: lambda_.Function
) -> None:
    """The right to the VPC's network interfaces, which Lambda uses in the role's name."""
    if props.vpc is None:
        return
    _warn_without_route(scope, props, plan, props.vpc)
    if not can_change(role):
        return
    statement = iam.PolicyStatement(actions=list(INTERFACES), resources=["*"])
    policy = iam.Policy(scope, "NetworkInterfaces", roles=[role], statements=[statement])
    accept_interfaces(policy)
    function.node.add_dependency(policy)  # Lambda tries the right when it creates the function


def needed_endpoints(props: PipelineProps, plan: Plan) -> tuple[str, ...]:
    """Service endpoints that subnets without a way out need."""
    models = plan.models.values()
    of_models = [name for one in models for name in (one.endpoint.services if one.endpoint else ("bedrock-runtime",))]
    optional = {"s3": props.large_results, "dynamodb": props.budgets is not None}
    return tuple(dict.fromkeys((*of_models, "lambda", *(name for name, needed in optional.items() if needed))))


def _warn_without_route(scope: Construct, props: PipelineProps, plan: Plan, vpc: ec2.IVpc) -> None:
    isolated = {subnet.subnet_id for subnet in vpc.isolated_subnets}
    missing = [name for name in needed_endpoints(props, plan) if not _has_endpoint(vpc, name)]
    if missing and isolated & _chosen(vpc, props.vpc_subnets):
        Annotations.of(scope).add_warning_v2(
            "durable-agent-pipeline:no-route",
            f"the subnets have no way out: vpc needs endpoints for {', '.join(missing)}, got none in this app",
        )


def _chosen(vpc: ec2.IVpc, selection: ec2.SubnetSelection | None) -> set[str]:
    if selection and selection.subnets:  # imported ones know no zone, which select_subnets would ask them for
        return {subnet.subnet_id for subnet in selection.subnets}
    selected = vpc.select_subnets(
        availability_zones=selection.availability_zones if selection else None,
        one_per_az=selection.one_per_az if selection else None,
        subnet_filters=selection.subnet_filters if selection else None,
        subnet_group_name=selection.subnet_group_name if selection else None,
        subnet_type=selection.subnet_type if selection else None,
    )
    return set(selected.subnet_ids)


def _has_endpoint(vpc: ec2.IVpc, service: str) -> bool:
    interfaces = [node for node in vpc.node.find_all() if isinstance(node, ec2.CfnVPCEndpoint)]
    return any(service in str(vpc.stack.resolve(endpoint.service_name)) for endpoint in interfaces)
