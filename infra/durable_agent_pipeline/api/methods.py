"""The methods of the front door: each a service integration with Lambda, no function between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam

from . import contract
from .contract import JSON, Answer

_INVOKE = "2015-03-31/functions"
_DURABLE = "2025-12-01/durable-executions/{execution}"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of Lambda's API, as API Gateway makes it for a caller."""

    path: str
    verb: str
    template: str
    """Of the request's body."""

    answers: Sequence[Answer]
    needs: Sequence[str] = ()
    """Parameters of the method that a caller has to send."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    """Parameter of the call -> where it comes from."""


def start(alias_arn: str) -> Call:
    """Invoke the alias asynchronously; the key becomes the execution's name, so the same key starts nothing twice."""
    return Call(
        path=f"{_INVOKE}/{alias_arn}/invocations",
        verb="POST",
        template=contract.WHOLE_BODY,
        answers=contract.OF_START,
        needs=(f"header.{contract.KEY_HEADER}",),
        parameters={
            "header.X-Amz-Invocation-Type": "'Event'",
            "header.X-Amz-Durable-Execution-Name": f"method.request.header.{contract.KEY_HEADER}",
        },
    )


def find(function_name: str) -> Call:
    """List the executions of a key."""
    return Call(
        path=f"2025-12-01/functions/{function_name}/durable-executions",
        verb="GET",
        template=contract.NO_BODY,
        answers=contract.OF_KEY,
        needs=("querystring.key",),
        parameters={"querystring.DurableExecutionName": "method.request.querystring.key"},
    )


def read() -> Call:
    """Get one execution: its status, then its result or its error."""
    return Call(
        path=_DURABLE,
        verb="GET",
        template=contract.EXECUTION_OF_PATH,
        answers=contract.OF_READ,
        needs=("path.id",),
        parameters={"path.execution": "method.request.path.id"},
    )


def stop() -> Call:
    """Stop one execution."""
    return Call(
        path=f"{_DURABLE}/stop",
        verb="POST",
        template=contract.STOP_BODY,
        answers=contract.OF_STOP,
        needs=("path.id",),
        parameters={"path.execution": "method.request.path.id"},
    )


def integration(call: Call, role: iam.IRole) -> apigateway.AwsIntegration:
    """The call with the role that may make it; a content type other than JSON is refused with 415."""
    answers = [
        apigateway.IntegrationResponse(
            status_code=one.status,
            selection_pattern=one.pattern,
            response_templates={JSON: one.body},
            response_parameters={f"method.response.header.{name}": source for name, source in one.headers.items()},
        )
        for one in call.answers
    ]
    return apigateway.AwsIntegration(
        service="lambda",
        path=call.path,
        integration_http_method=call.verb,
        options=apigateway.IntegrationOptions(
            credentials_role=role,
            passthrough_behavior=apigateway.PassthroughBehavior.NEVER,
            request_parameters={f"integration.request.{name}": source for name, source in call.parameters.items()},
            request_templates={JSON: call.template},
            integration_responses=answers,
        ),
    )


def responses(call: Call) -> list[apigateway.MethodResponse]:
    """Every status that a caller may see from this method."""
    models: Mapping[str, apigateway.IModel] = {JSON: apigateway.Model.EMPTY_MODEL}
    return [
        apigateway.MethodResponse(
            status_code=one.status,
            response_parameters={f"method.response.header.{name}": True for name in one.headers},
            response_models=models,
        )
        for one in call.answers
    ]
