"""Every AWS call of the command: the IAM action that it needs and the grant of the construct that gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """One operation of an AWS API.

    service, operation: as botocore names them.
    action: what IAM calls it.
    grant: the construct's method that allows it; empty where a person's own rights are asked for.
    """

    service: str
    operation: str
    action: str
    grant: str


def _lambda(operation: str, grant: str, action: str | None = None) -> Call:
    return Call("lambda", operation, f"lambda:{action or operation}", grant)


READ, OPERATE, REVIEW, INVOKE, OWN = "grant_review", "grant_operate", "grant_review", "grant_invoke", ""

CALLS = (
    Call("sts", "GetCallerIdentity", "sts:GetCallerIdentity", OWN),
    Call("cloudformation", "DescribeStacks", "cloudformation:DescribeStacks", READ),
    _lambda("ListDurableExecutionsByFunction", READ),
    _lambda("GetDurableExecution", READ),
    _lambda("GetDurableExecutionHistory", READ),
    _lambda("ListVersionsByFunction", READ),
    _lambda("SendDurableExecutionCallbackSuccess", REVIEW),
    _lambda("StopDurableExecution", OPERATE),
    _lambda("PauseDurableExecution", OPERATE),
    _lambda("ResumeDurableExecution", OPERATE),
    _lambda("Invoke", INVOKE, "InvokeFunction"),
    _lambda("GetAlias", OPERATE),
    _lambda("GetFunctionConfiguration", OPERATE),
    _lambda("GetAccountSettings", OPERATE),
    Call("cloudwatch", "GetMetricData", "cloudwatch:GetMetricData", OPERATE),
    Call("dynamodb", "Query", "dynamodb:Query", OPERATE),
    Call("bedrock", "GetFoundationModel", "bedrock:GetFoundationModel", OPERATE),
    Call("bedrock", "GetFoundationModelAvailability", "bedrock:GetFoundationModelAvailability", OPERATE),
    Call("bedrock", "GetUseCaseForModelAccess", "bedrock:GetUseCaseForModelAccess", OPERATE),
)
"""What grant_review gives, grant_operate gives too; a test holds both equal to this table."""

_BY_OPERATION = {(call.service, call.operation): call for call in CALLS}


def call_of(service: str, operation: str) -> Call:
    """The row of an operation.

    Raises:
        LookupError: the table does not have it, so nobody could say which right it needs.
    """
    try:
        return _BY_OPERATION[service, operation]
    except KeyError:
        raise LookupError(f"the table of calls must have every call, got {service} {operation}") from None


def action_of(operation: str) -> Call | None:
    """The row of an operation whose service is not known."""
    return next((call for call in CALLS if call.operation == operation), None)


def refuse_unlisted(model: Any, **_: Any) -> None:
    """A botocore handler: no call leaves that the table does not have."""
    call_of(model.service_model.service_name, model.name)
