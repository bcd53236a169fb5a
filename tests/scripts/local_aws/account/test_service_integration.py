"""The synthesized methods of the front door, mapped as API Gateway maps them."""

import json
import os
from typing import Any
from urllib.parse import quote

os.environ.setdefault("CDK_VALIDATION", "false")  # before aws_cdk is imported

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from infra.durable_agent_pipeline import DurableAgentPipeline
from scripts.local_aws.account.service_integration import Call, Reply, answer, request

ARN = "arn:aws:lambda:us-east-1:111111111111:function:reports:7/durable-execution/report-42/0f8c"
ENCODED = quote(ARN, safe="")


@pytest.fixture(scope="module")
def integrations() -> dict[str, dict[str, Any]]:
    """start, find, read, stop -> the integration as MiniStack keeps it."""
    stack = Stack(App(context={"aws:cdk:bundling-stacks": []}), "Stack")
    DurableAgentPipeline(stack, "Pipeline").add_api()
    found = {}
    for method in Template.from_stack(stack).find_resources("AWS::ApiGateway::Method").values():
        given = method["Properties"]["Integration"]
        uri = "".join(part if isinstance(part, str) else "x" for part in given["Uri"]["Fn::Join"][1])
        name = {"invocations": "start", "durable-executions": "find", "stop": "stop"}.get(
            uri.rpartition("/")[2], "read"
        )
        found[name] = {
            "uri": uri,
            "httpMethod": given["IntegrationHttpMethod"],
            "requestParameters": given.get("RequestParameters", {}),
            "requestTemplates": given["RequestTemplates"],
            "integrationResponses": {
                one["StatusCode"]: {
                    "statusCode": one["StatusCode"],
                    "selectionPattern": one.get("SelectionPattern"),
                    "responseParameters": one.get("ResponseParameters", {}),
                    "responseTemplates": one["ResponseTemplates"],
                }
                for one in given["IntegrationResponses"]
            },
        }
    return found


def test_a_start_sends_the_body_byte_for_byte_with_the_key_as_name(integrations):
    body = '{"query":  "caf\u00e9 $input #set \\"quoted\\""}'
    asked = request(integrations["start"], Call(headers={"idempotency-key": "report-42"}, body=body))
    assert (asked.method, asked.path, asked.body) == ("POST", "/2015-03-31/functions/x/invocations", body)
    assert asked.headers == {"X-Amz-Invocation-Type": "Event", "X-Amz-Durable-Execution-Name": "report-42"}


@pytest.mark.parametrize("sent", [ARN, ENCODED])
@pytest.mark.parametrize(("name", "method", "end"), [("read", "GET", ""), ("stop", "POST", "/stop")])
def test_an_executions_arn_reaches_lambda_as_one_encoded_segment_however_it_arrives(
    integrations, name, method, end, sent
):
    asked = request(integrations[name], Call(path={"id": sent}))
    assert (asked.method, asked.path) == (method, f"/2025-12-01/durable-executions/{ENCODED}{end}")


@pytest.mark.parametrize("attack", ["../functions/other", "a/history", "a%2Fhistory", "x?IncludeExecutionData=false"])
def test_an_id_cannot_reach_another_call_of_lambdas_api(integrations, attack):
    asked = request(integrations["read"], Call(path={"id": attack}))
    assert asked.path.count("/") == 3
    assert "?" not in asked.path


def test_a_key_is_looked_up_by_lambdas_own_parameter(integrations):
    asked = request(integrations["find"], Call(querystring={"key": "report-42"}))
    assert (asked.querystring, asked.body.strip()) == ({"DurableExecutionName": "report-42"}, "")


def test_an_accepted_start_names_the_execution(integrations):
    given = answer(integrations["start"], Reply(202, {"x-amz-durable-execution-arn": ARN}, ""))
    assert (given.status, json.loads(given.body)) == (202, {"status": "ACCEPTED"})
    assert given.headers["X-Amz-Durable-Execution-Arn"] == ARN


def test_a_finished_execution_shows_its_result_as_json(integrations):
    result = {"report": 'A "quoted" $line\n#if', "usage": {"model_calls": 3}}
    lambdas = {
        "DurableExecutionArn": ARN,
        "DurableExecutionName": "report-42",
        "Status": "SUCCEEDED",
        "StartTimestamp": 1795520963.6,
        "InputPayload": '{"query": "private"}',
        "Result": json.dumps(result),
    }
    given = answer(integrations["read"], Reply(200, {}, json.dumps(lambdas)))
    assert json.loads(given.body) == {
        "execution_arn": ARN,
        "key": "report-42",
        "status": "SUCCEEDED",
        "started_at": 1795520963.6,
        "result": result,
    }


@pytest.mark.parametrize("status", ["RUNNING", "PAUSED", "PAUSING"])
def test_an_execution_that_has_not_ended_shows_neither_result_nor_error(integrations, status):
    given = answer(integrations["read"], Reply(200, {}, json.dumps({"DurableExecutionArn": ARN, "Status": status})))
    assert not {"result", "error"} & set(json.loads(given.body))


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "STOPPED"])
def test_an_execution_that_ended_badly_shows_its_typed_error(integrations, status):
    error = {"ErrorType": "BudgetExceeded", "ErrorMessage": 'a "limit"', "StackTrace": ["not for callers"]}
    lambdas = {"DurableExecutionArn": ARN, "Status": status, "Error": error}
    given = answer(integrations["read"], Reply(200, {}, json.dumps(lambdas)))
    assert json.loads(given.body)["error"] == {"type": "BudgetExceeded", "message": 'a "limit"', "data": ""}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_executions_of_a_key_are_listed(integrations, count):
    one = {"DurableExecutionArn": ARN, "DurableExecutionName": "report-42", "Status": "RUNNING"}
    given = answer(integrations["find"], Reply(200, {}, json.dumps({"DurableExecutions": [one] * count})))
    shown = {"execution_arn": ARN, "key": "report-42", "status": "RUNNING"}
    assert json.loads(given.body) == {"executions": [shown] * count}


@pytest.mark.parametrize(
    ("name", "lambdas", "status"),
    [
        ("start", 409, 409),
        ("start", 403, 502),
        ("start", 429, 429),
        ("read", 403, 404),
        ("read", 404, 404),
        ("stop", 500, 502),
    ],
)
def test_a_refusal_of_lambda_says_nothing_of_its_own_text(integrations, name, lambdas, status):
    given = answer(integrations[name], Reply(lambdas, {}, '{"message": "User: arn:aws:sts::111111111111:role is not"}'))
    assert given.status == status
    assert set(json.loads(given.body)) == {"message"}
    assert "arn:aws" not in given.body
