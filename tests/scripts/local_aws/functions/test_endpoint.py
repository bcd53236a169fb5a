"""A boto3 client against the local Lambda endpoint and AWS's local durable engine, with real function processes."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import LocalStack, StackSettings

FUNCTIONS = Path(__file__).parent / "handlers"
FUNCTION: dict[str, Any] = {"FunctionName": "counting", "Qualifier": "live"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    settings = StackSettings(
        folder=tmp_path_factory.mktemp("stack"),
        function_root=FUNCTIONS,
        handler="counting.handler",
        timeout_seconds=20,
        crash_retry_seconds=0.1,
    )
    with LocalStack(settings) as running:
        yield running


@pytest.fixture
def client(stack):
    return stack.client()


@pytest.fixture
def notes(tmp_path):
    return tmp_path / "notes"


def payload(notes, **choices):
    return json.dumps({"notes": str(notes), **choices})


def ran(notes):
    return [line.split()[0] for line in notes.read_text().splitlines()]


def processes(notes):
    return list(dict.fromkeys(line.split()[1] for line in notes.read_text().splitlines()))


def ended(client, execution):
    for _ in range(1200):
        details = client.get_durable_execution(DurableExecutionArn=execution)
        if details["Status"] != "RUNNING":
            return details
        time.sleep(0.05)
    raise AssertionError("the execution did not end")


def test_a_synchronous_invoke_waits_for_the_whole_execution(client, notes):
    answer = client.invoke(**FUNCTION, Payload=payload(notes, identity=True))
    result = json.loads(answer["Payload"].read())
    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer
    assert answer["ExecutedVersion"] == "1"
    assert result["done"] == ["one", "two", "three"] == ran(notes)
    assert result["lambda"]["name"] == "counting"
    assert 0 < result["lambda"]["remaining"] <= 20_000
    assert result["lambda"]["key"] == "local"
    details = client.get_durable_execution(DurableExecutionArn=answer["DurableExecutionArn"])
    assert (details["Status"], json.loads(details["Result"])) == ("SUCCEEDED", result)


def test_an_event_invoke_answers_at_once_and_the_execution_goes_on(client, notes):
    answer = client.invoke(**FUNCTION, InvocationType="Event", Payload=payload(notes))
    assert answer["StatusCode"] == 202
    assert ended(client, answer["DurableExecutionArn"])["Status"] == "SUCCEEDED"
    assert ran(notes) == ["one", "two", "three"]


def test_a_failed_execution_answers_with_lambdas_error_document(client, notes):
    answer = client.invoke(**FUNCTION, Payload=payload(notes, fail="no such luck"))
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read()) == {"errorType": "counting.Refused", "errorMessage": "no such luck"}


def test_the_same_name_and_payload_is_the_same_execution(client, notes):
    again = {**FUNCTION, "DurableExecutionName": "twice", "Payload": payload(notes)}
    first, second = client.invoke(**again), client.invoke(**again)
    assert first["DurableExecutionArn"] == second["DurableExecutionArn"]
    assert first["Payload"].read() == second["Payload"].read()
    assert ran(notes) == ["one", "two", "three"]


def test_fails_when_a_name_is_used_again_with_another_payload(client, notes):
    client.invoke(**FUNCTION, DurableExecutionName="taken", Payload=payload(notes))
    with pytest.raises(client.exceptions.DurableExecutionAlreadyStartedException):
        client.invoke(**FUNCTION, DurableExecutionName="taken", Payload=payload(notes, pause=0.1))


def test_fails_when_the_function_is_named_without_a_qualifier_as_on_aws(client, notes):
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="unqualified"):
        client.invoke(FunctionName="counting", Payload=payload(notes))


def test_fails_when_the_payload_is_not_json(client):
    with pytest.raises(client.exceptions.InvalidRequestContentException):
        client.invoke(**FUNCTION, Payload=b"\xff{")


def test_a_process_killed_at_a_checkpoint_is_resumed_without_repeating_anything(client, stack, notes):
    stack.replace_kill_rules([{"operation": "two", "action": "SUCCEED", "moment": "after"}])
    client.invoke(**FUNCTION, Payload=payload(notes))
    assert ran(notes) == ["one", "two", "three"]
    assert len(processes(notes)) == 2


def test_a_process_killed_in_its_third_step_is_resumed_without_repeating_the_first_two(client, notes):
    answer = client.invoke(**FUNCTION, Payload=payload(notes, crash_once="three"))
    assert json.loads(answer["Payload"].read())["done"] == ["one", "two", "three"]
    assert ran(notes) == ["one", "two", "three", "three"]
    assert len(processes(notes)) == 2


@pytest.mark.slow
def test_a_process_past_its_timeout_is_killed_and_the_execution_resumed(tmp_path, notes):
    settings = StackSettings(
        folder=tmp_path / "short",
        function_root=FUNCTIONS,
        handler="counting.handler",
        timeout_seconds=6,
        crash_retry_seconds=0.1,
    )
    with LocalStack(settings) as short:
        answer = short.client().invoke(**FUNCTION, Payload=payload(notes, sleep_once="two"))
        assert json.loads(answer["Payload"].read())["done"] == ["one", "two", "three"]
        assert ran(notes) == ["one", "two", "two", "three"]
        ends = [event["status"] for event in read_all(short.events) if event["event"] == "invocation_ended"]
    assert ends[0] == "timed_out"


def waiting_for_approval(client, notes, callback):
    started = client.invoke(**FUNCTION, InvocationType="Event", Payload=payload(notes, callback=str(callback)))
    for _ in range(1200):
        if callback.exists() and callback.read_text():
            return started["DurableExecutionArn"], callback.read_text()
        time.sleep(0.05)
    raise AssertionError("the function never asked for its callback")


def test_a_callback_answers_and_resumes_the_execution(client, notes, tmp_path):
    execution, callback = waiting_for_approval(client, notes, tmp_path / "callback")
    client.send_durable_execution_callback_heartbeat(CallbackId=callback)
    client.send_durable_execution_callback_success(CallbackId=callback, Result=b"approved")
    assert json.loads(ended(client, execution)["Result"])["done"] == ["one", "two", "approved", "three"]
    assert ran(notes) == ["one", "two", "three"]


def test_a_refused_callback_fails_the_execution(client, notes, tmp_path):
    execution, callback = waiting_for_approval(client, notes, tmp_path / "callback")
    error = {"ErrorType": "Rejected", "ErrorMessage": "not like this"}
    client.send_durable_execution_callback_failure(CallbackId=callback, Error=error)
    details = ended(client, execution)
    assert (details["Status"], details["Error"]["ErrorMessage"]) == ("FAILED", "not like this")


def test_fails_when_a_callback_is_unknown(client):
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.send_durable_execution_callback_success(CallbackId="bm9uc2Vuc2U=", Result=b"1")


def test_a_stopped_execution_keeps_the_error_given(client, notes, tmp_path):
    execution, _ = waiting_for_approval(client, notes, tmp_path / "callback")
    error = {"ErrorType": "Cancelled", "ErrorMessage": "nobody needs it"}
    client.stop_durable_execution(DurableExecutionArn=execution, Error=error)
    details = ended(client, execution)
    assert (details["Status"], details["Error"]["ErrorType"]) == ("STOPPED", "Cancelled")
    assert ran(notes) == ["one", "two"]


def test_executions_are_listed_by_status_qualifier_and_name(client, notes, tmp_path):
    name = {"FunctionName": "listed"}
    client.invoke(**name, Qualifier="live", DurableExecutionName="good", Payload=payload(notes))
    client.invoke(**name, Qualifier="$LATEST", DurableExecutionName="bad", Payload=payload(notes, fail="x"))

    def found(**filters):
        listed = client.list_durable_executions_by_function(**name, **filters)["DurableExecutions"]
        return [execution["DurableExecutionName"] for execution in listed]

    assert found() == ["good", "bad"]
    assert found(ReverseOrder=True) == ["bad", "good"]
    assert found(Statuses=["FAILED"]) == ["bad"]
    assert found(Statuses=["FAILED", "SUCCEEDED"]) == ["good", "bad"]
    assert found(Qualifier="live") == ["good"]
    assert found(DurableExecutionName="bad") == ["bad"]
    assert found(StartedAfter=time.time() + 60) == []
    pages = client.get_paginator("list_durable_executions_by_function").paginate(**name, MaxItems=1)
    assert [len(page["DurableExecutions"]) for page in pages] == [1, 1]


def test_the_history_names_every_operation_in_order(client, notes):
    answer = client.invoke(**FUNCTION, Payload=payload(notes, inside=True))
    pages = client.get_paginator("get_durable_execution_history").paginate(
        DurableExecutionArn=answer["DurableExecutionArn"], IncludeExecutionData=True, PaginationConfig={"PageSize": 4}
    )
    done = [event["Name"] for page in pages for event in page["Events"] if event["EventType"] == "StepSucceeded"]
    assert done == ["one", "two", "leaf", "three"]


def test_fails_when_an_execution_is_unknown(client):
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_durable_execution(DurableExecutionArn="nobody/knows")


def test_a_step_result_over_the_services_limit_fails_the_execution_as_on_aws(client, notes):
    answer = client.invoke(**FUNCTION, Payload=payload(notes, big=262_143))
    assert "262144 bytes" in json.loads(answer["Payload"].read())["errorMessage"]


def test_events_tell_processes_and_operations_but_no_payload(client, stack, notes):
    execution = client.invoke(**FUNCTION, Payload=payload(notes, inside=True, big=7))["DurableExecutionArn"]
    events = [event for event in read_all(stack.events) if event.get("execution") == execution]
    assert [event["event"] for event in events if event["event"] != "operation"] == [
        "execution_started",
        "invocation_started",
        "invocation_ended",
        "execution_finished",
    ]
    operations = [(event["operation"], event["action"]) for event in events if event["event"] == "operation"]
    assert ("inner/leaf", "SUCCEED") in operations
    assert "xxxxxxx" not in stack.events.read_text()


@pytest.mark.slow
def test_a_handler_that_cannot_be_imported_fails_like_lambda_says_it(tmp_path):
    settings = StackSettings(
        folder=tmp_path / "none", function_root=FUNCTIONS, handler="absent.handler", crash_retry_seconds=0.05
    )
    with LocalStack(settings) as broken:
        answer = broken.client().invoke(**FUNCTION, Payload=b"{}")
    assert "No module named 'absent'" in json.loads(answer["Payload"].read())["errorMessage"]


def test_the_function_its_versions_and_its_alias_are_described(client):
    configuration = client.get_function_configuration(**FUNCTION)
    assert (configuration["State"], configuration["Version"], configuration["Timeout"]) == ("Active", "1", 20)
    assert configuration["DurableConfig"]["ExecutionTimeout"] == 86_400
    assert "Environment" not in configuration
    versions = client.list_versions_by_function(FunctionName="counting")["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "1"]
    alias = client.get_alias(FunctionName="counting", Name="live")
    assert (alias["FunctionVersion"], alias["AliasArn"].endswith(":counting:live")) == ("1", True)
