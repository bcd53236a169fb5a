"""What a customer managed key has to allow, so that everything encrypted with it keeps working."""

from typing import cast

from aws_cdk import Annotations, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

USE = ("kms:Decrypt", "kms:GenerateDataKey")
_FOREIGN_KEY = (
    "encryption_key is not of this app: its policy must let lambda, logs, cloudwatch, events use it, "
    "see docs/security.md#key"
)


def real_key(scope: Construct, key: kms.IKey | None) -> kms.IKey | None:
    """The key itself: what an alias points to.

    An alias is an IKey, but its ARN in an IAM statement allows nothing.

    Raises:
        ValueError: for an alias whose key nobody here knows, or a key of another Region: checkpoints and logs accept
            only one of their own.
    """
    while key is not None and hasattr(key, "alias_name"):
        key = _behind(key)
    own, theirs = Stack.of(scope).region, key.env.region if key else ""
    known = not Token.is_unresolved(own) and not Token.is_unresolved(theirs)
    if key and known and own != theirs:
        raise ValueError(f"encryption_key must be of the stack's Region {own}, got a key of {theirs}")
    return key


def _behind(alias: kms.IKey) -> kms.IKey:
    try:
        return cast(kms.IAlias, alias).alias_target_key
    except RuntimeError:  # what jsii makes of CannotAccessAliasTargetKey
        raise ValueError(
            "encryption_key must be a key or an alias of a known key, because an alias in an IAM statement allows "
            f"nothing, got the alias {alias.key_id!r} without its key: use kms.Key.from_lookup or kms.Key.from_key_arn"
        ) from None


def allow_key(scope: Construct, key: kms.IKey | None, role: iam.IRole) -> None:
    """Let the function's role and the services that encrypt for it use the key.

    The key's policy cannot name the function, which names the key: that would be a cycle. It names the account's
    functions and log groups in this Region instead. A key that is not of this app keeps its own policy; what it has to
    allow is then a synth warning.
    """
    if key is None:
        return
    key.grant(role, *USE)
    added = [key.add_to_resource_policy(statement) for statement in service_statements(Stack.of(scope))]
    if not all(result.statement_added for result in added):
        Annotations.of(scope).add_warning_v2("durable-agent-pipeline:key-policy", _FOREIGN_KEY)


def service_statements(stack: Stack) -> list[iam.PolicyStatement]:
    """Key policy statements for durable checkpoints, the log group, what alarms and rules publish.

    The account is the pipeline's, which need not be the key's.
    """
    functions = stack.format_arn(service="lambda", resource="function:*")
    groups = stack.format_arn(service="logs", resource="log-group:*")
    own_account = {"StringEquals": {"aws:SourceAccount": stack.account}}
    return [
        _for("lambda.amazonaws.com", USE, {**own_account, "ArnLike": {"aws:SourceArn": functions}}),
        _for(
            f"logs.{stack.region}.amazonaws.com",
            ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"),
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        ),
        _for("cloudwatch.amazonaws.com", USE, own_account),
        # EventBridge sends no aws:Source* key to KMS: a condition on one would refuse every message
        _for("events.amazonaws.com", USE, None),
    ]


def _for(service: str, actions: tuple[str, ...], conditions: dict[str, dict[str, str]] | None) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal(service)], actions=list(actions), resources=["*"], conditions=conditions
    )
