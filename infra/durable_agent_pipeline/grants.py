"""What a grantee may do with executions, as grants on the pipeline's versions."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_

from .acknowledgements import accept_versions, policy_holder
from .function import policies


def grant_review(function: lambda_.IFunction, grantee: iam.IGrantable) -> iam.Grant:
    """Allow answering callbacks: success, failure, heartbeat."""
    _accept(function, grantee)
    return _grant(grantee, policies.REVIEW, _versions(function))


def grant_operate(function: lambda_.IFunction, grantee: iam.IGrantable) -> iam.Grant:
    """Allow reading, listing, stopping, pausing and resuming executions."""
    _accept(function, grantee)
    # a list is authorised on the function or on a version of it, depending on how the request names them
    listed = _grant(grantee, policies.LIST, function.function_arn, _versions(function))
    return listed.combine(_grant(grantee, policies.OPERATE, _versions(function)))


def grant_read(function: lambda_.IFunction, key: kms.IKey | None, grantee: iam.IGrantable) -> iam.Grant:
    """Allow finding an execution by name and reading its status and result."""
    _accept(function, grantee)
    listed = _grant(grantee, policies.LIST, function.function_arn, _versions(function))
    read = listed.combine(_grant(grantee, policies.READ, _versions(function)))
    return read.combine(key.grant_decrypt(grantee)) if key else read


def _versions(function: lambda_.IFunction) -> str:
    return f"{function.function_arn}:*"


def _accept(function: lambda_.IFunction, grantee: iam.IGrantable) -> None:
    holder = policy_holder(grantee)
    if holder is not None:
        accept_versions(holder, function)


def _grant(grantee: iam.IGrantable, actions: tuple[str, ...], *resources: str) -> iam.Grant:
    return iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=list(resources))
