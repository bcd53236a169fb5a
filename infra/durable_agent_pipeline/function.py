"""The durable function: its logs, its role, its dead letters, its retained versions, its alias."""

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from . import policies
from .acknowledgements import accept_last_queue, accept_runtime, accept_tracing, accept_versions
from .plan import Plan
from .props import PipelineProps
from .source import HANDLER

ALIAS_NAME = "live"

# Lambda drops JSON lines below its application level, EMF metrics with them (they count as INFO): so never above INFO.
_LAMBDA_LEVELS = {"DEBUG": lambda_.ApplicationLogLevel.DEBUG}


def log_group(scope: Construct, props: PipelineProps) -> logs.LogGroup:
    """The function's own log group, so that retention and removal are ours to choose."""
    return logs.LogGroup(scope, "Logs", retention=props.log_retention, removal_policy=props.removal_policy)


def dead_letters(scope: Construct, props: PipelineProps) -> sqs.Queue:
    """Where an asynchronous event goes that never became an execution; kept 14 days, the most there is."""
    queue = sqs.Queue(
        scope,
        "DeadLetters",
        enforce_ssl=True,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        retention_period=Duration.days(14),
        removal_policy=props.removal_policy,
    )
    accept_last_queue(queue)
    return queue


def execution_role(scope: Construct, group: logs.LogGroup, plan: Plan) -> iam.Role:
    """A role of ours: for one that it makes itself, CDK attaches a managed policy with Resource "*"."""
    role = iam.Role(scope, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    group.grant_write(role)
    for statement in policies.model_statements(Stack.of(scope), plan.models.values()):
        role.add_to_policy(statement)
    return role


def durable_function(
    scope: Construct,
    props: PipelineProps,
    *,
    code: lambda_.Code,
    role: iam.Role,
    group: logs.LogGroup,
    queue: sqs.Queue,
    environment: dict[str, str],
) -> lambda_.Function:
    """The function itself. It has no fixed name: replacing it would need another one."""
    function = lambda_.Function(
        scope,
        "Function",
        description="Durable agent pipeline: invoke the alias, never the function",
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
        log_group=group,
        logging_format=lambda_.LoggingFormat.JSON,
        application_log_level_v2=_LAMBDA_LEVELS.get(props.log_level, lambda_.ApplicationLogLevel.INFO),
        system_log_level_v2=lambda_.SystemLogLevel.INFO,
        tracing=lambda_.Tracing.ACTIVE,
        dead_letter_queue=queue,
        current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN),
    )
    accept_tracing(role)
    accept_runtime(function)
    return function


def checkpoint_policy(scope: Construct, role: iam.Role, function: lambda_.Function) -> iam.Policy:
    """The right to checkpoint, in a policy of its own.

    The function waits for the role's default policy, so naming the function in that one would be a cycle.
    """
    versions = f"{function.function_arn}:*"
    policy = iam.Policy(
        scope,
        "Checkpoints",
        roles=[role],
        statements=[iam.PolicyStatement(actions=list(policies.CHECKPOINT), resources=[versions])],
    )
    accept_versions(policy, function)
    return policy


def live_alias(scope: Construct, function: lambda_.Function, policy: iam.Policy) -> lambda_.Alias:
    """The only door: executions are pinned to the version that it points to when they start."""
    alias = lambda_.Alias(scope, "Live", alias_name=ALIAS_NAME, version=function.current_version)
    # no execution may start before its function can checkpoint
    alias.node.add_dependency(policy)
    return alias
