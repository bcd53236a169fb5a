"""The durable function, its log group, its retained versions and their alias."""

from typing import cast

from aws_cdk import Annotations, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ..acknowledgements import accept_no_destination, accept_runtime
from ..choices.props import PipelineProps
from ..names import ALIAS_NAME, HANDLER

# Lambda drops JSON lines below its application level, EMF metrics with them (they count as INFO): so never above INFO.
_LAMBDA_LEVELS = {"DEBUG": lambda_.ApplicationLogLevel.DEBUG}


def log_group(scope: Construct, props: PipelineProps) -> logs.ILogGroup:
    """The function's own log group, so that retention, key and removal are ours to choose; or the caller's."""
    if props.log_group:
        return props.log_group
    return logs.LogGroup(
        scope,
        "Logs",
        retention=props.log_retention,
        encryption_key=props.encryption_key,
        removal_policy=props.removal_policy,
    )


def durable_function(
    scope: Construct,
    props: PipelineProps,
    *,
    code: lambda_.Code,
    role: iam.IRole,
    group: logs.ILogGroup,
    queue: sqs.IQueue,
    environment: dict[str, str],
) -> lambda_.Function:
    """The function itself. It has no fixed name: a replacement could not be created beside it."""
    function = lambda_.Function(
        scope,
        "Function",
        description=props.description,
        ephemeral_storage_size=props.ephemeral_storage_size,
        code=code,
        handler=HANDLER,
        runtime=props.runtime,
        architecture=props.architecture,
        memory_size=props.memory_size,
        timeout=props.timeout,
        durable_config=lambda_.DurableConfig(
            execution_timeout=props.execution_timeout, retention_period=props.retention_period
        ),
        role=role,
        environment=environment,
        environment_encryption=props.encryption_key,
        log_group=group,
        logging_format=lambda_.LoggingFormat.JSON,
        application_log_level_v2=_LAMBDA_LEVELS.get(props.log_level, lambda_.ApplicationLogLevel.INFO),
        system_log_level_v2=lambda_.SystemLogLevel.INFO,
        tracing=props.tracing,
        layers=[*props.layers, *([props.opentelemetry_layer] if props.opentelemetry_layer else [])],
        dead_letter_queue=queue,
        reserved_concurrent_executions=props.reserved_concurrent_executions,
        vpc=props.vpc,
        vpc_subnets=props.vpc_subnets,
        security_groups=props.security_groups,
        current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN),
    )
    _encrypt_checkpoints(function, props)
    _name_replacements(function)
    accept_runtime(function)
    return function


def live_alias(scope: Construct, props: PipelineProps, function: lambda_.Function) -> lambda_.Alias:
    """The only way in: executions are pinned to the version that it points to when they start."""
    alias = lambda_.Alias(
        scope,
        "Live",
        alias_name=ALIAS_NAME,
        version=function.current_version,
        provisioned_concurrent_executions=props.provisioned_concurrent_executions,
    )
    alias.configure_async_invoke(max_event_age=props.max_event_age, retry_attempts=props.retry_attempts)
    accept_no_destination(alias)
    return alias


def _name_replacements(function: lambda_.Function) -> None:
    """Say what replaces the function, in place of CDK's warning to those who make an old function durable."""
    notes = Annotations.of(function)
    notes.acknowledge_info("aws-lambda:Function.DurableConfig", "durable from its first deployment")
    notes.add_info_v2(
        "durable-agent-pipeline:replacement",
        "another construct id or place in the tree replaces the function, and its running executions end with it",
    )


def _encrypt_checkpoints(function: lambda_.Function, props: PipelineProps) -> None:
    if props.encryption_key:
        # CDK's DurableConfig takes no key yet (aws/aws-cdk#38280)
        resource = cast(lambda_.CfnFunction, function.node.default_child)
        resource.add_property_override("DurableConfig.KMSKeyArn", props.encryption_key.key_arn)
