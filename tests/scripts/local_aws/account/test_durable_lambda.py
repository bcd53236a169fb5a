"""Lambda's side of the front door in the emulated account: a name starts one execution."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from scripts.local_aws.account.durable_lambda import DurableLambda
from scripts.local_aws.account.service_integration import ServiceRequest

ALIAS = "arn:aws:lambda:us-east-1:000000000000:function:reports:live"
CONFIG = {"ExecutionTimeout": 3600, "RetentionPeriodInDays": 1}


class Server(ThreadingHTTPServer):
    started: list[dict[str, Any]]


class Engine(BaseHTTPRequestHandler):
    """Keeps executions in a list, as the durable engine does: a name may come twice."""

    server: Server

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.started.append(given)
        self.say({"ExecutionArn": f"one/{len(self.server.started)}"})

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path.endswith("/functions/reports/durable-executions"):
            (name,) = parse_qs(parts.query)["DurableExecutionName"]
            named = [n for n, one in enumerate(self.server.started, 1) if one["ExecutionName"] == name]
            self.say({"DurableExecutions": [{"DurableExecutionArn": f"one/{number}"} for number in named]})
        else:
            number = int(unquote(parts.path).rpartition("/")[2])
            self.say({"InputPayload": self.server.started[number - 1]["Input"]})

    def say(self, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def engine():
    server = Server(("127.0.0.1", 0), Engine)
    server.started = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def invoked(engine, name, event, kind="Event"):
    service = DurableLambda(f"http://127.0.0.1:{engine.server_address[1]}", {"reports": CONFIG}.get)
    return service.answer(asked(name, event, kind))


def asked(name, event, kind="Event"):
    headers = {"X-Amz-Invocation-Type": kind, "X-Amz-Durable-Execution-Name": name}
    return ServiceRequest("POST", f"/2015-03-31/functions/{ALIAS}/invocations", {}, headers, json.dumps(event))


def test_a_start_goes_through_the_alias_with_the_durations_that_were_deployed(engine):
    reply = invoked(engine, "a", {"query": "x"})
    assert (reply.status, reply.headers["X-Amz-Durable-Execution-Arn"]) == (202, "one/1")
    (start,) = engine.started
    assert (start["FunctionName"], start["FunctionQualifier"], start["ExecutionName"]) == ("reports", "live", "a")
    assert (start["ExecutionTimeoutSeconds"], start["ExecutionRetentionPeriodDays"]) == (3600, 1)


def test_a_name_that_is_taken_is_answered_with_its_execution_or_refused_for_another_event(engine):
    first = invoked(engine, "a", {"query": "x"})
    assert invoked(engine, "a", {"query": "x"}).headers == first.headers
    assert invoked(engine, "a", {"query": "y"}).status == 409
    assert len(engine.started) == 1


def test_a_crowd_with_one_key_starts_one_execution(engine):
    service = DurableLambda(f"http://127.0.0.1:{engine.server_address[1]}", {"reports": CONFIG}.get)
    with ThreadPoolExecutor(8) as crowd:
        replies = list(crowd.map(service.answer, [asked("a", {"query": "x"})] * 16))
    assert {reply.headers["X-Amz-Durable-Execution-Arn"] for reply in replies} == {"one/1"}
    assert len(engine.started) == 1


@pytest.mark.parametrize(
    ("name", "event", "kind", "status"),
    [
        ("not a name", {"query": "x"}, "Event", 400),
        ("x" * 65, {"query": "x"}, "Event", 400),
        ("a", {"query": "x"}, "RequestResponse", 400),
        ("a", {"query": "x" * 1024 * 1024}, "Event", 413),
    ],
)
def test_fails_when_lambda_would_refuse_the_start_and_starts_nothing(engine, name, event, kind, status):
    assert invoked(engine, name, event, kind).status == status
    assert engine.started == []


def test_an_engine_that_is_gone_is_a_server_error():
    service = DurableLambda("http://127.0.0.1:9", {"reports": CONFIG}.get)
    assert service.answer(ServiceRequest("GET", "/2025-12-01/durable-executions/x", {}, {}, "")).status == 503
