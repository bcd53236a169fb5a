"""A platform team's aspects over everything: tags, a permissions boundary, removal."""

import jsii
from aws_cdk import App, Aspects, CfnResource, Environment, IAspect, RemovalPolicy, Stack, Tags
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from infra.durable_agent_pipeline import DurableAgentPipeline


@jsii.implements(IAspect)
class DestroyLogs:
    def visit(self, node: IConstruct) -> None:
        if isinstance(node, CfnResource) and node.cfn_resource_type == "AWS::Logs::LogGroup":
            node.apply_removal_policy(RemovalPolicy.DESTROY)


def build(app: App) -> None:
    stack = Stack(app, "Reports", env=Environment(account="111111111111", region="us-east-1"))
    DurableAgentPipeline(stack, "Pipeline", removal_policy=RemovalPolicy.RETAIN)
    boundary = iam.ManagedPolicy.from_aws_managed_policy_name("PowerUserAccess")
    iam.PermissionsBoundary.of(app).apply(boundary)
    Aspects.of(app).add(DestroyLogs())
    Tags.of(app).add("team", "reports")
