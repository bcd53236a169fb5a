"""How the alias moves to a new version."""

from collections.abc import Mapping

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from ..acknowledgements import accept_deployment_policy
from ..choices.props import PipelineProps

ROLL_BACK_ON = ("Failed", "TimedOut", "Errors", "Stuck", "ModelErrors", "DeadLetterErrors", "Utilization")
"""Alarms that end a gradual deployment and take the alias back."""


def gradual_deployment(
    scope: Construct, props: PipelineProps, alias: lambda_.Alias, alarms: Mapping[str, cloudwatch.Alarm]
) -> codedeploy.LambdaDeploymentGroup | None:
    """Shift new executions to a new version step by step; those that run stay on the version they started on."""
    if props.deployment_config is None:
        return None
    group = codedeploy.LambdaDeploymentGroup(
        scope,
        "Deployment",
        alias=alias,
        deployment_config=props.deployment_config,
        alarms=[alarms[name] for name in ROLL_BACK_ON if name in alarms],
        auto_rollback=codedeploy.AutoRollbackConfig(
            deployment_in_alarm=True, failed_deployment=True, stopped_deployment=True
        ),
    )
    accept_deployment_policy(group)
    return group
