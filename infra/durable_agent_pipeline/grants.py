"""What a grantee may do with executions, as grants on the pipeline's versions."""

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_

from .acknowledgements import accept_account, accept_stack, accept_versions, policy_holder
from .function import policies


def grant_review(function: lambda_.IFunction, key: kms.IKey | None, grantee: iam.IGrantable) -> iam.Grant:
    """Allow finding and reading what waits for an answer, and answering it: success, failure, heartbeat."""
    return _look(function, key, grantee).combine(_grant(grantee, policies.REVIEW, _versions(function)))


def grant_operate(
    function: lambda_.IFunction, key: kms.IKey | None, grantee: iam.IGrantable, table: dynamodb.ITable | None = None
) -> iam.Grant:
    """Allow what scripts/pipeline does without starting or answering: reading, stopping, pausing, doctor's look."""
    holder = policy_holder(grantee)
    if holder is not None:
        accept_account(holder)
    looked = _look(function, key, grantee)
    described = _grant(grantee, policies.FUNCTION, function.function_arn, _versions(function))
    account = _grant(grantee, policies.ACCOUNT, "*")
    looked = looked.combine(_grant(grantee, policies.OPERATE, _versions(function))).combine(described).combine(account)
    return looked.combine(_grant(grantee, policies.SPENT, table.table_arn)) if table else looked


def grant_read(function: lambda_.IFunction, key: kms.IKey | None, grantee: iam.IGrantable) -> iam.Grant:
    """Allow finding an execution by name and reading its status and result."""
    _accept(function, grantee)
    listed = _grant(grantee, policies.LIST, function.function_arn, _versions(function))
    read = listed.combine(_grant(grantee, policies.READ, _versions(function)))
    return read.combine(key.grant_decrypt(grantee)) if key else read


def _look(function: lambda_.IFunction, key: kms.IKey | None, grantee: iam.IGrantable) -> iam.Grant:
    """Finding executions, the alias of the stack included, and reading all of them."""
    _accept(function, grantee)
    # a list is authorised on the function or on a version of it, depending on how the request names them
    found = _grant(grantee, policies.FIND, function.function_arn, _versions(function))
    looked = found.combine(_grant(grantee, policies.LOOK, _versions(function)))
    stack = Stack.of(function)
    if stack.nested_stack_parent is None:  # a nested stack has no outputs that a person would look up
        looked = looked.combine(_grant(grantee, policies.STACK, _any_of(stack)))
    return looked.combine(key.grant_decrypt(grantee)) if key else looked


def _any_of(stack: Stack) -> str:
    """The stack, whichever id it gets with each creation."""
    return stack.format_arn(service="cloudformation", resource="stack", resource_name=f"{stack.stack_name}/*")


def _versions(function: lambda_.IFunction) -> str:
    return f"{function.function_arn}:*"


def _accept(function: lambda_.IFunction, grantee: iam.IGrantable) -> None:
    holder = policy_holder(grantee)
    if holder is not None:
        accept_versions(holder, function)
        accept_stack(holder, _any_of(Stack.of(function)))


def _grant(grantee: iam.IGrantable, actions: tuple[str, ...], *resources: str) -> iam.Grant:
    return iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=list(resources))
