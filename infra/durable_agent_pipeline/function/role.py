"""The role that the function runs as."""

from aws_cdk import Annotations, PhysicalName, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from ..acknowledgements import accept_tracing, accept_versions
from ..agents.plan import Plan
from ..choices.props import PipelineProps
from . import policies
from .encryption import allow_key
from .reading import allow_reading

_UNCHANGEABLE = (
    "the role cannot be changed here: its owner must allow its models, its logs, checkpoints, the bucket and the "
    "dead-letter queue, see docs/security.md#permissions"
)


def execution_role(scope: Construct, props: PipelineProps, plan: Plan, group: logs.ILogGroup) -> iam.IRole:
    """A role of ours: to one that it makes itself, CDK attaches a managed policy with Resource "*".

    It gets a name only where a key of another account's stack has to name it.
    """
    role = props.role or iam.Role(
        scope,
        "Role",
        role_name=PhysicalName.GENERATE_IF_NEEDED,
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
    )
    group.grant_write(role)
    for statement in policies.model_statements(Stack.of(scope), plan.models.values()):
        role.add_to_principal_policy(statement)
    for model in plan.models.values():
        if model.endpoint is not None:
            model.endpoint.accept(role)
    if props.guardrail_arn:
        role.add_to_principal_policy(policies.guardrail_statement(props.guardrail_arn))
    allow_reading(Stack.of(scope), props, role)
    if not can_change(role):
        Annotations.of(scope).add_warning_v2("durable-agent-pipeline:role", _UNCHANGEABLE)
    allow_key(scope, props.encryption_key, role)
    if props.tracing is not lambda_.Tracing.DISABLED:
        accept_tracing(role)
    return role


def can_change(role: iam.IRole) -> bool:
    """Whether what was added to the role is in the template: not so for one imported with mutable=False.

    Such a role says that every statement was added, so only the missing policy shows it.
    """
    return any(isinstance(node, iam.Policy) for node in role.node.find_all())


def checkpoint_policy(scope: Construct, role: iam.IRole, function: lambda_.Function) -> iam.IPolicy | iam.IRole:
    """The rights to checkpoint, redrive and start executions, in a policy of its own; the role if it is unchangeable.

    The function waits for the role's default policy, so naming the function in that one would be a cycle.
    """
    if not can_change(role):
        return role
    statements = [
        # the alias for the queries of a batch, by name since it waits for this policy; and the version that hands over;
        # and its own earlier executions, from which a redrive takes what was paid
        iam.PolicyStatement(
            actions=[*policies.CHECKPOINT, *policies.START, *policies.REDRIVE], resources=[f"{function.function_arn}:*"]
        ),
    ]
    policy = iam.Policy(scope, "Checkpoints", roles=[role], statements=statements)
    accept_versions(policy, function)
    return policy
