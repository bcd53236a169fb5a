"""The role that the function runs as."""

from aws_cdk import PhysicalName, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from . import policies
from .acknowledgements import accept_tracing, accept_versions
from .encryption import allow_key
from .plan import Plan
from .props import PipelineProps


def execution_role(scope: Construct, props: PipelineProps, plan: Plan, group: logs.LogGroup) -> iam.Role:
    """A role of ours: to one that it makes itself, CDK attaches a managed policy with Resource "*".

    It gets a name only where a key of another account's stack has to name it.
    """
    role = iam.Role(
        scope,
        "Role",
        role_name=PhysicalName.GENERATE_IF_NEEDED,
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
    )
    group.grant_write(role)
    for statement in policies.model_statements(Stack.of(scope), plan.models.values()):
        role.add_to_policy(statement)
    if props.guardrail_arn:
        role.add_to_policy(policies.guardrail_statement(props.guardrail_arn))
    allow_key(scope, props.encryption_key, role)
    if props.tracing is not lambda_.Tracing.DISABLED:
        accept_tracing(role)
    return role


def checkpoint_policy(scope: Construct, role: iam.Role, function: lambda_.Function) -> iam.Policy:
    """The right to checkpoint, in a policy of its own.

    The function waits for the role's default policy, so naming the function in that one would be a cycle.
    """
    statement = iam.PolicyStatement(actions=list(policies.CHECKPOINT), resources=[f"{function.function_arn}:*"])
    policy = iam.Policy(scope, "Checkpoints", roles=[role], statements=[statement])
    accept_versions(policy, function)
    return policy
