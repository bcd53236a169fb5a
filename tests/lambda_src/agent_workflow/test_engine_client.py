"""The client of the engine on the wire: patient with what passes, quick with what stays, made late."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from botocore.exceptions import ClientError

from agent_workflow.engine_client import MOST_ATTEMPTS, EngineClient

REQUEST = {"DurableExecutionArn": "arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/a/b"}


@contextmanager
def engine(statuses):
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
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


def checkpoint(statuses, monkeypatch):
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
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
