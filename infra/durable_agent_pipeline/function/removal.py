"""What stays in the account when the pipeline is removed."""

from aws_cdk import CfnResource, RemovalPolicy
from constructs import Construct

from ..choices.props import PipelineProps

KEEPS = (RemovalPolicy.RETAIN, RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)

_TOGETHER = (
    *("AWS::Lambda::Function", "AWS::Lambda::Alias", "AWS::Lambda::EventInvokeConfig"),
    *("AWS::IAM::Role", "AWS::IAM::Policy"),
)
"""Without its role and policies a kept function could neither checkpoint nor call a model."""


def keep_running(scope: Construct, props: PipelineProps) -> None:
    """With RETAIN the function stays, with all that its executions need: deleting it would delete its versions."""
    if props.removal_policy not in KEEPS:
        return
    for node in scope.node.find_all():
        if isinstance(node, CfnResource) and node.cfn_resource_type in _TOGETHER:
            node.apply_removal_policy(RemovalPolicy.RETAIN)
