"""The client of the engine on the wire: patient with what passes, quick with what stays, made late."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, cast

import pytest
from aws_durable_execution_sdk_python.exceptions import CheckpointError
from aws_durable_execution_sdk_python.lambda_service import ErrorObject, LambdaClient
from botocore.exceptions import ClientError

from agent_workflow.engine_client import MOST_ATTEMPTS, EngineClient, EngineUnavailable, durable

REQUEST = {"DurableExecutionArn": "arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/a/b"}


@contextmanager
def engine(statuses):
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            self.do_POST()

        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"] or 0))
            status = statuses[min(len(asked), len(statuses) - 1)]
            asked.append(status)
            body = json.dumps({"CheckpointToken": "next", "NewExecutionState": {"Operations": []}}).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def checkpoint(statuses, monkeypatch):
    client = EngineClient()
    with engine(statuses) as (url, asked):
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", url)  # after the client was made, so it is created late
        try:
            client.checkpoint_durable_execution(**REQUEST, CheckpointToken="t", Updates=[])
        except ClientError as error:
            return len(asked), error.response["ResponseMetadata"]["HTTPStatusCode"]
        return len(asked), 200


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_checkpoint_answered_seven_times_by_a_passing_fault_is_written(status, monkeypatch):
    assert checkpoint([status] * 7 + [200], monkeypatch) == (8, 200)


@pytest.mark.parametrize("status", [429, 500])
def test_a_fault_for_ever_is_given_up_after_a_bounded_number_of_tries(status, monkeypatch):
    assert checkpoint([status], monkeypatch) == (MOST_ATTEMPTS, status)


def test_a_refusal_is_not_tried_again(monkeypatch):
    assert checkpoint([400], monkeypatch) == (1, 400)


def test_after_an_outage_of_many_invocations_the_client_is_as_patient_as_before(monkeypatch):
    client = EngineClient()
    outages, passing = 20, 3
    with engine([500] * (outages * MOST_ATTEMPTS + passing) + [200]) as (url, asked):
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", url)
        for _ in range(outages):
            with pytest.raises(ClientError):
                client.checkpoint_durable_execution(**REQUEST, CheckpointToken="t", Updates=[])
        client.checkpoint_durable_execution(**REQUEST, CheckpointToken="t", Updates=[])
    assert len(asked) == outages * MOST_ATTEMPTS + passing + 1


def test_a_connection_that_cannot_be_made_is_a_fault_that_passes(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")
    with pytest.raises(CheckpointError) as failed:
        LambdaClient(cast("Any", EngineClient())).checkpoint(REQUEST["DurableExecutionArn"], "t", [], None)
    assert failed.value.is_retryable()


def test_an_engine_that_stays_away_ends_the_invocation_with_its_own_name(monkeypatch):
    event = {"DurableExecutionArn": REQUEST["DurableExecutionArn"], "CheckpointToken": "t"}
    state = {"Operations": [], "NextMarker": "more"}
    with engine([500]) as (url, asked):
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", url)
        with pytest.raises(EngineUnavailable) as failed:
            durable(lambda *_: {})({**event, "InitialExecutionState": state}, None)
    assert str(failed.value) == "the durable service answered 500 (500)"
    assert ErrorObject.from_exception(failed.value).type == "EngineUnavailable"
    assert len(asked) == MOST_ATTEMPTS
