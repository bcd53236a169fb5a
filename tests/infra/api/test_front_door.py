"""The front door: who may come in, what is refused before any invoke, what API Gateway asks of Lambda."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from aws_cdk import Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from agent_workflow.batch_request import parse_event
from agent_workflow.errors import InvalidRequest
from agent_workflow.request import Request
from infra.durable_agent_pipeline import DurableAgentPipeline
from infra.stacks.pipeline_stack import PipelineStack
from infra.stacks.stages import DEV
from tests.infra.apps import ROOT, new_app, new_stack, properties, template_of

EVENTS = sorted((ROOT / "tests" / "events").glob("*.json"))
ROUTES = {"POST /executions", "GET /executions", "GET /executions/{id}", "POST /executions/{id}/stop"}

BUDGETS: list[Any] = [
    *(0.01, 10_000, 10_001, 0, -1, True, None, []),
    *("1", "0.50", "0", "0.000", "10000", "10000.0", "10000.01", "9999.99", "12345"),
    *("000000001", "0000000001", "000010000", "0000010000"),
    *("1e3", "+1", "-1", " 1", "1 ", "1.", ".5", "", "1_0", "0." + "1" * 12, "0." + "1" * 13),
]


def made(**choices: Any) -> tuple[Stack, DurableAgentPipeline, Any]:
    stack = new_stack()
    pipeline = DurableAgentPipeline(stack, "Pipeline")
    return stack, pipeline, pipeline.add_api(**choices)


def methods(template: Template) -> dict[str, dict[str, Any]]:
    """Route -> properties of its method."""
    resources = template.find_resources("AWS::ApiGateway::Resource")
    return {
        f"{one['Properties']['HttpMethod']} {path(one['Properties']['ResourceId'], resources)}": one["Properties"]
        for one in template.find_resources("AWS::ApiGateway::Method").values()
    }


def path(reference: Mapping[str, Any], resources: Mapping[str, Mapping[str, Any]]) -> str:
    if "Ref" not in reference:
        return ""
    resource = resources[reference["Ref"]]["Properties"]
    return f"{path(resource['ParentId'], resources)}/{resource['PathPart']}"


@pytest.fixture(scope="module")
def template() -> Template:
    return Template.from_stack(made()[0])


@pytest.fixture(scope="module")
def schema(template: Template) -> Any:
    return properties(template, "AWS::ApiGateway::Model")["Schema"]


def test_the_four_routes_are_there_and_iam_authorizes_each(template):
    found = methods(template)
    assert set(found) == ROUTES
    assert {one["AuthorizationType"] for one in found.values()} == {"AWS_IAM"}


def test_no_function_stands_between_the_api_and_lambda(template):
    assert len(template.find_resources("AWS::Lambda::Function")) == 1
    assert {one["Integration"]["Type"] for one in methods(template).values()} == {"AWS"}


def test_a_start_invokes_the_alias_asynchronously_with_the_callers_key_as_the_executions_name():
    stack, pipeline, _ = made()
    start = methods(Template.from_stack(stack))["POST /executions"]
    uri = start["Integration"]["Uri"]["Fn::Join"][1]
    assert stack.resolve(pipeline.alias.function_arn) in uri
    assert uri[-1] == "/invocations"
    assert start["Integration"]["RequestParameters"] == {
        "integration.request.header.X-Amz-Invocation-Type": "'Event'",
        "integration.request.header.X-Amz-Durable-Execution-Name": "method.request.header.Idempotency-Key",
    }
    assert start["RequestParameters"] == {"method.request.header.Idempotency-Key": True}
    assert start["Integration"]["RequestTemplates"] == {"application/json": "$input.body"}


def test_a_start_is_validated_against_the_events_model_and_other_content_types_are_refused(template):
    start = methods(template)["POST /executions"]
    (model,) = template.find_resources("AWS::ApiGateway::Model")
    assert start["RequestModels"] == {"application/json": {"Ref": model}}
    assert start["Integration"]["PassthroughBehavior"] == "NEVER"
    validator = properties(template, "AWS::ApiGateway::RequestValidator")
    assert (validator["ValidateRequestBody"], validator["ValidateRequestParameters"]) == (True, True)


def test_the_model_has_the_fields_of_the_request_that_the_function_reads(schema):
    # a redrive reads another execution's texts: it is an operator's, who may read them all, not any caller's
    assert set(schema["properties"]) == {*Request.model_fields, "queries"} - {"redrive"}
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("file", EVENTS, ids=lambda file: file.stem)
def test_the_model_refuses_what_the_function_refuses_and_takes_what_it_takes(schema, file: Path):
    event = json.loads(file.read_text(encoding="utf-8"))
    accepted = jsonschema.Draft4Validator(schema).is_valid(event)
    try:
        parse_event(event)
    except InvalidRequest:
        # a lone surrogate is valid JSON to a schema; the function refuses it
        assert not accepted or file.stem == "invalid-lone-surrogate"
    else:
        assert accepted == ("redrive" not in event)


@pytest.mark.parametrize("budget", BUDGETS)
def test_the_model_and_the_function_agree_on_a_budget(schema, budget):
    event = {"query": "x", "budget_usd": budget}
    accepted = jsonschema.Draft4Validator(schema).is_valid(event)
    try:
        parse_event(event)
    except InvalidRequest:
        assert not accepted
    else:
        assert accepted


def test_every_status_of_lambda_has_an_answer_and_none_but_a_success_reads_like_one(template):
    for route, method in methods(template).items():
        answers = method["Integration"]["IntegrationResponses"]
        for status in [*range(100, 200), *range(300, 600)]:
            assert chosen(answers, status)["StatusCode"] >= "400", (route, status)
        for status in (200, 202):
            assert chosen(answers, status)["StatusCode"] < "300", (route, status)


def chosen(answers: list[dict[str, Any]], status: int) -> dict[str, Any]:
    matching = [one for one in answers if re.fullmatch(one.get("SelectionPattern", "(?!)"), str(status))]
    assert len(matching) <= 1, f"{status} is matched twice"
    (default,) = [one for one in answers if "SelectionPattern" not in one]
    return matching[0] if matching else default


def test_every_answer_of_an_integration_is_one_that_the_method_knows(template):
    for method in methods(template).values():
        known = [one["StatusCode"] for one in method["MethodResponses"]]
        assert known == [one["StatusCode"] for one in method["Integration"]["IntegrationResponses"]]
        assert len(set(known)) == len(known)


def test_the_execution_is_named_in_a_header_of_the_accepted_start(template):
    (accepted,) = [
        one
        for one in methods(template)["POST /executions"]["Integration"]["IntegrationResponses"]
        if one["StatusCode"] == "202"
    ]
    name = "X-Amz-Durable-Execution-Arn"
    assert accepted["ResponseParameters"] == {f"method.response.header.{name}": f"integration.response.header.{name}"}


def test_the_api_may_start_this_alias_and_reach_this_functions_executions_and_nothing_else():
    stack, pipeline, door = made()
    alias, function = stack.resolve(pipeline.alias.function_arn), stack.resolve(pipeline.function.function_arn)
    versions = {"Fn::Join": ["", [function, ":*"]]}
    (policy,) = [
        one["Properties"]
        for one in Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
        if one["Properties"]["Roles"] == [stack.resolve(door.role.role_name)]
    ]
    granted = {
        action: statement["Resource"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in flat(statement["Action"])
    }
    assert granted == {
        "lambda:InvokeFunction": alias,
        "lambda:GetDurableExecution": versions,
        "lambda:StopDurableExecution": versions,
        "lambda:ListDurableExecutionsByFunction": [function, versions],
    }


def flat(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, list) else [value]


def test_nothing_of_a_request_but_its_route_goes_to_the_access_log(template):
    stage = properties(template, "AWS::ApiGateway::Stage")
    shown = set(json.loads(stage["AccessLogSetting"]["Format"]).values())
    assert "$context.resourcePath" in shown
    assert not shown & {"$context.path", "$context.requestOverride.path.execution"}
    assert not [one for one in shown if "input" in one or "header" in one or "querystring" in one]
    (settings,) = stage["MethodSettings"]
    assert (settings["DataTraceEnabled"], settings["LoggingLevel"], settings["MetricsEnabled"]) == (
        False,
        "ERROR",
        True,
    )


def test_requests_are_throttled_as_chosen():
    stage = properties(Template.from_stack(made(rate_limit=2.5, burst_limit=7)[0]), "AWS::ApiGateway::Stage")
    (settings,) = stage["MethodSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (2.5, 7)


def test_an_alarm_on_5xx_tells_the_alarm_topic():
    stack, pipeline, _ = made()
    alarms = Template.from_stack(stack).find_resources(
        "AWS::CloudWatch::Alarm", {"Properties": {"Namespace": "AWS/ApiGateway", "MetricName": "5XXError"}}
    )
    (alarm,) = [one["Properties"] for one in alarms.values()]
    topic = stack.resolve(pipeline.alarm_topic.topic_arn)
    assert (alarm["AlarmActions"], alarm["OKActions"]) == ([topic], [topic])
    assert "#apierrors" in str(alarm["AlarmDescription"])


def test_an_authorizer_of_the_owners_stands_before_every_method():
    stack = new_stack()
    pool = apigateway.CognitoUserPoolsAuthorizer(stack, "Callers", cognito_user_pools=[cognito.UserPool(stack, "Pool")])
    DurableAgentPipeline(stack, "Pipeline").add_api(authorizer=pool, authorization_scopes=["reports/start"])
    found = methods(Template.from_stack(stack)).values()
    assert {one["AuthorizationType"] for one in found} == {"COGNITO_USER_POOLS"}
    assert [one["AuthorizationScopes"] for one in found] == [["reports/start"]] * len(ROUTES)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"rate_limit": 0}, "rate_limit must be between 0.01 and 10000 requests a second, got 0"),
        ({"burst_limit": 2.5}, "burst_limit must be a whole number between 1 and 5000 requests, got 2.5"),
        ({"authorization_scopes": ["a"]}, r"authorization_scopes must come with an authorizer.*got \['a'\]"),
        ({"authorization_scopes": "a/b"}, "authorization_scopes must be a list of scopes, got the text 'a/b'"),
        ({"authorizer": "IAM"}, "authorizer must be one of a REST API.*got str"),
    ],
)
def test_fails_when_an_argument_breaks_its_rule(choices, words):
    with pytest.raises(ValueError, match=words):
        made(**choices)


def test_a_granted_caller_may_call_every_method_of_this_api_only():
    stack, _, door = made()
    role = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    door.grant_call(role)
    (policy,) = [
        one["Properties"]["PolicyDocument"]["Statement"]
        for one in Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
        if one["Properties"]["Roles"] == [stack.resolve(role.role_name)]
    ]
    (statement,) = policy
    assert statement["Action"] == "execute-api:Invoke"
    assert len(statement["Resource"]) == len(ROUTES)
    assert all(stack.resolve(door.rest_api.rest_api_id) in one["Fn::Join"][1] for one in statement["Resource"])


def test_a_reader_may_find_and_read_executions_and_nothing_else():
    stack, pipeline, _ = made()
    role = iam.Role(stack, "Reader", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    pipeline.grant_read(role)
    actions = actions_of(Template.from_stack(stack), stack.resolve(role.role_name))
    assert actions == {"lambda:GetDurableExecution", "lambda:ListDurableExecutionsByFunction"}


def test_results_under_a_key_of_the_owners_can_be_read_through_both():
    stack = new_stack()
    pipeline = DurableAgentPipeline(stack, "Pipeline", encryption_key=kms.Key(stack, "Key"))
    role = iam.Role(stack, "Reader", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
    pipeline.grant_read(role)
    door = pipeline.add_api()
    template = Template.from_stack(stack)
    for one in (role, door.role):
        assert "kms:Decrypt" in actions_of(template, stack.resolve(one.role_name))


def actions_of(template: Template, role: Any) -> set[str]:
    return {
        action
        for one in template.find_resources("AWS::IAM::Policy").values()
        if one["Properties"]["Roles"] == [role]
        for statement in one["Properties"]["PolicyDocument"]["Statement"]
        for action in flat(statement["Action"])
    }


def test_a_target_hears_of_successes_of_this_function_only():
    stack, pipeline, _ = made()
    pipeline.on_success("Finished", target=targets.SqsQueue(sqs.Queue(stack, "Finished")))
    rules = Template.from_stack(stack).find_resources("AWS::Events::Rule").values()
    (rule,) = [
        one["Properties"] for one in rules if one["Properties"]["EventPattern"]["detail"]["status"] == ["SUCCEEDED"]
    ]
    assert rule["EventPattern"]["detail-type"] == ["Durable Execution Status Change"]
    function = stack.resolve(pipeline.function.function_arn)
    assert rule["EventPattern"]["detail"]["functionArn"] == [{"prefix": {"Fn::Join": ["", [function, ":"]]}}]
    assert len(rule["Targets"]) == 1


def test_without_the_call_there_is_no_api():
    assert not template_of(execution_timeout=Duration.minutes(5)).find_resources("AWS::ApiGateway::RestApi")


@pytest.mark.parametrize("asked", [True, "true"])
def test_a_stage_has_an_api_and_tells_its_address_when_asked_for_one(asked):
    template = Template.from_stack(PipelineStack(new_app(api=asked), DEV))
    assert len(template.find_resources("AWS::ApiGateway::RestApi")) == 1
    assert "ApiUrl" in template.find_outputs("*")


@pytest.mark.parametrize("asked", [False, "false"])
def test_a_stage_has_no_api_when_told_so(asked):
    template = Template.from_stack(PipelineStack(new_app(api=asked), DEV))
    assert not template.find_resources("AWS::ApiGateway::RestApi")
    assert "ApiUrl" not in template.find_outputs("*")


def test_fails_when_the_context_value_is_neither_true_nor_false():
    with pytest.raises(ValueError, match="context api must be true or false, got 'yes'"):
        PipelineStack(new_app(api="yes"), DEV)
