"""Rules of cdk-nag that a resource breaks knowingly, each with its reason; docs/security.md lists them all."""

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

_VERSIONS = (
    "Durable execution calls are authorised on <function>:<version>/durable-execution/...; versions come and go with "
    "every deployment while executions stay on theirs, so the wildcard covers the versions of this one function."
)
_TRACING = "X-Ray's PutTraceSegments and PutTelemetryRecords have no resource to name; IAM accepts only '*' for them."
_DEAD_LETTERS = "This queue is where dead letters end: it has no consumer that could fail and so no queue behind it."
_RUNTIME = "Python 3.13 has durable execution and is supported for years; 3.14 is one keyword away (runtime)."


def accept_tracing(role: Construct) -> None:
    """X-Ray without a resource."""
    _accept(role, _TRACING, "AwsSolutions-IAM5[Resource::*]")


def accept_versions(grant: Construct, function: lambda_.IFunction) -> None:
    """A wildcard over the versions of one function."""
    # the finding's id holds the resolved ARN, which names the function by its logical id
    logical_id = Stack.of(grant).resolve(function.function_arn)["Fn::GetAtt"][0]
    _accept(grant, _VERSIONS, f"AwsSolutions-IAM5[Resource::<{logical_id}.Arn>:*]")


def accept_last_queue(queue: Construct) -> None:
    """A dead-letter queue without a dead-letter queue."""
    _accept(queue, _DEAD_LETTERS, "Serverless-SQSRedrivePolicy")


def accept_runtime(function: lambda_.Function) -> None:
    """A runtime that is not the newest."""
    if function.runtime.name == lambda_.Runtime.PYTHON_3_13.name:
        _accept(function, _RUNTIME, "AwsSolutions-L1", "Serverless-LambdaLatestVersion")


def _accept(construct: Construct, reason: str, *findings: str) -> None:
    for finding in findings:
        Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))
