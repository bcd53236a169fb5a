"""The front door: an API that starts, finds, reads and stops executions."""

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from ..acknowledgements import accept_api, accept_api_calls, accept_versions
from ..choices.rules import between, whole
from ..function import policies
from . import methods
from .contract import JSON, event_schema
from .methods import Call

MAX_RATE = 10_000
MAX_BURST = 5_000
"""API Gateway's own limits of an account, per Region."""

STAGE = "v1"


class FrontDoor(Construct):
    """A REST API whose methods call Lambda themselves; made by `DurableAgentPipeline.add_api`.

    POST /executions starts, GET /executions?key= finds, GET /executions/{id} reads, POST /executions/{id}/stop stops.

    Attributes:
        rest_api: the API; its metric_* methods count requests, errors and latency.
        url: of its stage, ending in a slash.
        role: what API Gateway calls Lambda as.
        access_log: a line per request: who, which method, which status; never a body, a key or an id.
        alarm: goes off when the API answers with 5xx.
    """

    rest_api: apigateway.RestApi
    role: iam.Role
    access_log: logs.LogGroup
    alarm: cloudwatch.Alarm

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        alias: lambda_.Alias,
        function: lambda_.IFunction,
        authorizer: apigateway.IAuthorizer | None,
        authorization_scopes: Sequence[str],
        rate_limit: float,
        burst_limit: int,
        cloud_watch_role: bool,
        encryption_key: kms.IKey | None,
        log_retention: logs.RetentionDays,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        _check(authorizer, authorization_scopes, rate_limit, burst_limit)
        self.access_log = logs.LogGroup(
            self,
            "AccessLog",
            retention=log_retention,
            encryption_key=encryption_key,
            removal_policy=removal_policy,
        )
        self.rest_api = apigateway.RestApi(
            self,
            "Api",
            description="Starts, finds, reads and stops executions of a durable agent pipeline",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            cloud_watch_role=cloud_watch_role,
            deploy_options=_stage(self.access_log, rate_limit, burst_limit),
        )
        accept_api(self.rest_api)
        self.role = _role(self, alias, function, encryption_key)
        self._authorizer = authorizer
        self._scopes = list(authorization_scopes) or None
        self._validator = self.rest_api.add_request_validator(
            "Validator", validate_request_body=True, validate_request_parameters=True
        )
        self._methods = self._add_methods(alias, function)

    @property
    def url(self) -> str:
        """Of the stage, ending in a slash."""
        return self.rest_api.url

    def grant_call(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow calling every method, where IAM authorizes; the caller signs its requests for execute-api."""
        accept_api_calls(grantee, self._methods)
        first, *others = [method.grant_execute(grantee) for method in self._methods]
        for other in others:
            first = first.combine(other)
        return first

    def ring(self, topic: sns.ITopic, description: str) -> cloudwatch.Alarm:
        """Add the alarm on 5xx answers; it notifies the topic when it goes off and when it is over."""
        self.alarm = cloudwatch.Alarm(
            self,
            "ApiErrors",
            metric=self.rest_api.metric_server_error(period=Duration.minutes(5), statistic="Sum"),
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )
        action = actions.SnsAction(topic)
        self.alarm.add_alarm_action(action)
        self.alarm.add_ok_action(action)
        return self.alarm

    def _add_methods(self, alias: lambda_.Alias, function: lambda_.IFunction) -> list[apigateway.Method]:
        executions = self.rest_api.root.add_resource("executions")
        one = executions.add_resource("{id}")
        event = self.rest_api.add_model("Event", content_type=JSON, schema=event_schema())
        return [
            self._method(executions, "POST", methods.start(alias.function_arn), event),
            self._method(executions, "GET", methods.find(function.function_name)),
            self._method(one, "GET", methods.read()),
            self._method(one.add_resource("stop"), "POST", methods.stop()),
        ]

    def _method(
        self, resource: apigateway.Resource, verb: str, call: Call, event: apigateway.IModel | None = None
    ) -> apigateway.Method:
        kind = None if self._authorizer else apigateway.AuthorizationType.IAM
        return resource.add_method(
            verb,
            methods.integration(call, self.role),
            authorization_type=kind,
            authorizer=self._authorizer,
            authorization_scopes=self._scopes,
            request_models={JSON: event} if event else None,
            request_parameters={f"method.request.{name}": True for name in call.needs},
            request_validator=self._validator,
            method_responses=methods.responses(call),
        )


def _check(authorizer: object, scopes: Sequence[str], rate_limit: float, burst_limit: int) -> None:
    between("rate_limit", rate_limit, 0.01, MAX_RATE, "requests a second")
    whole("burst_limit", burst_limit, 1, MAX_BURST, "requests")
    if isinstance(scopes, str):
        raise ValueError(f"authorization_scopes must be a list of scopes, got the text {scopes!r}")  # noqa: TRY004
    if scopes and authorizer is None:
        raise ValueError(
            f"authorization_scopes must come with an authorizer that reads tokens, got {list(scopes)} without one"
        )
    if authorizer is not None and not isinstance(authorizer, apigateway.Authorizer):
        raise ValueError(
            "authorizer must be one of a REST API: aws_apigateway's CognitoUserPoolsAuthorizer, TokenAuthorizer or "
            f"RequestAuthorizer, got {type(authorizer).__name__}"
        )


def _stage(group: logs.LogGroup, rate_limit: float, burst_limit: int) -> apigateway.StageOptions:
    return apigateway.StageOptions(
        stage_name=STAGE,
        access_log_destination=apigateway.LogGroupLogDestination(group),
        # the resource's path, not the request's: that one has keys and ids in it
        access_log_format=apigateway.AccessLogFormat.json_with_standard_fields(
            caller=True,
            http_method=True,
            ip=True,
            protocol=True,
            request_time=True,
            resource_path=True,
            response_length=True,
            status=True,
            user=True,
        ),
        logging_level=apigateway.MethodLoggingLevel.ERROR,
        data_trace_enabled=False,  # it would log bodies
        metrics_enabled=True,
        tracing_enabled=True,
        throttling_rate_limit=rate_limit,
        throttling_burst_limit=burst_limit,
    )


def _role(scope: Construct, alias: lambda_.Alias, function: lambda_.IFunction, key: kms.IKey | None) -> iam.Role:
    """May start this alias and find, read and stop this function's executions; nothing else."""
    role = iam.Role(scope, "Role", assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"))
    alias.grant_invoke(role)
    versions = f"{function.function_arn}:*"
    statements = ((policies.READ + policies.STOP, [versions]), (policies.LIST, [function.function_arn, versions]))
    for allowed, resources in statements:
        role.add_to_policy(iam.PolicyStatement(actions=list(allowed), resources=resources))
    if key:
        key.grant_decrypt(role)  # results are encrypted with it
    accept_versions(role, function)
    return role
