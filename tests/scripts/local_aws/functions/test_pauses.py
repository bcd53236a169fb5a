"""Executions that a caller pauses, resumes and deletes, through boto3 and with real function processes."""

import json
import time
from pathlib import Path

import pytest

from scripts.local_aws.stack import LocalStack, StackSettings

FUNCTIONS = Path(__file__).parent / "handlers"
FUNCTION = {"FunctionName": "counting", "Qualifier": "live"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stack")
    with LocalStack(StackSettings(folder=folder, function_root=FUNCTIONS, handler="counting.handler")) as running:
        yield running.client()


def start(client, notes, **choices):
    event = json.dumps({"notes": str(notes), **choices})
    return client.invoke(**FUNCTION, InvocationType="Event", Payload=event)["DurableExecutionArn"]


def status(client, execution):
    return client.get_durable_execution(DurableExecutionArn=execution)["Status"]


def wait_until(true, what):
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def steps(notes):
    return [line.split()[0] for line in notes.read_text().splitlines()] if notes.exists() else []


def callback_of(client, execution):
    def events():
        return client.get_durable_execution_history(DurableExecutionArn=execution, IncludeExecutionData=True)["Events"]

    wait_until(lambda: any(event["EventType"] == "CallbackStarted" for event in events()), "no callback")
    [started] = [event for event in events() if event["EventType"] == "CallbackStarted"]
    return started["CallbackStartedDetails"]["CallbackId"]


def test_a_paused_invocation_stops_at_its_next_checkpoint_and_goes_on_when_resumed(client, tmp_path):
    notes = tmp_path / "notes"
    execution = start(client, notes, pause=1)
    wait_until(lambda: steps(notes) == ["one"], "step one did not start")
    client.pause_durable_execution(DurableExecutionArn=execution)
    assert status(client, execution) == "PAUSING"
    wait_until(lambda: status(client, execution) == "PAUSED", "it was never paused")
    paused_at = steps(notes)
    time.sleep(1.5)
    assert steps(notes) == paused_at
    listed = client.list_durable_executions_by_function(FunctionName="counting", Statuses=["PAUSED"])
    assert [each["DurableExecutionArn"] for each in listed["DurableExecutions"]] == [execution]
    client.resume_durable_execution(DurableExecutionArn=execution)
    wait_until(lambda: status(client, execution) == "SUCCEEDED", "it did not go on")
    assert steps(notes) == ["one", "two", "three"]


def test_an_answer_to_a_paused_execution_is_kept_until_it_is_resumed(client, tmp_path):
    notes = tmp_path / "notes"
    execution = start(client, notes, callback=str(tmp_path / "callback"))
    callback = callback_of(client, execution)
    client.pause_durable_execution(DurableExecutionArn=execution)
    client.send_durable_execution_callback_success(CallbackId=callback, Result=b'"yes"')
    time.sleep(1)
    assert status(client, execution) in {"PAUSING", "PAUSED"}
    assert "three" not in steps(notes)
    client.resume_durable_execution(DurableExecutionArn=execution)
    wait_until(lambda: status(client, execution) == "SUCCEEDED", "it did not go on")
    assert steps(notes) == ["one", "two", "three"]


def test_a_paused_execution_can_be_stopped(client, tmp_path):
    execution = start(client, tmp_path / "notes", callback=str(tmp_path / "callback"))
    callback_of(client, execution)
    client.pause_durable_execution(DurableExecutionArn=execution)
    client.stop_durable_execution(DurableExecutionArn=execution)
    wait_until(lambda: status(client, execution) == "STOPPED", "it was not stopped")


def test_fails_when_what_is_paused_resumed_or_deleted_is_in_another_state(client, tmp_path):
    execution = start(client, tmp_path / "notes", callback=str(tmp_path / "callback"))
    conflict = client.exceptions.ResourceConflictException
    with pytest.raises(conflict, match="only a paused execution can be resumed"):
        client.resume_durable_execution(DurableExecutionArn=execution)
    with pytest.raises(conflict, match="only an ended execution can be deleted"):
        client.delete_durable_execution(DurableExecutionArn=execution)
    client.stop_durable_execution(DurableExecutionArn=execution)
    wait_until(lambda: status(client, execution) == "STOPPED", "it was not stopped")
    with pytest.raises(conflict, match="only a running execution can be paused, got status STOPPED"):
        client.pause_durable_execution(DurableExecutionArn=execution)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.pause_durable_execution(DurableExecutionArn="nobody/knows")


def test_a_deleted_execution_is_seen_by_nobody(client, tmp_path):
    execution = start(client, tmp_path / "notes", callback=str(tmp_path / "callback"))
    client.stop_durable_execution(DurableExecutionArn=execution)
    wait_until(lambda: status(client, execution) == "STOPPED", "it was not stopped")
    client.delete_durable_execution(DurableExecutionArn=execution)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_durable_execution(DurableExecutionArn=execution)
    listed = client.list_durable_executions_by_function(FunctionName="counting")["DurableExecutions"]
    assert execution not in {each["DurableExecutionArn"] for each in listed}
