"""No text leaves: marked texts of every kind, searched in all that a process of the function writes, at any level."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from scripts.local_aws.bedrock.wire import EVENT_STREAM_TYPE, event_frame
from tests.fakes import declare_clerk

ROOT = Path(__file__).parents[2]

# In a process of its own, whose root logger is set up as AWS's runtime client does it: level and JSON with every extra.
PROCESS = """
import json, logging, os, sys

class Json(logging.Formatter):
    def format(self, record):
        fields = {k: v for k, v in vars(record).items() if k != "exc_info"}
        trace = record.exc_info and self.formatException(record.exc_info)
        return json.dumps({**fields, "line": record.getMessage(), "trace": trace}, default=repr)

handler_ = logging.StreamHandler(sys.stdout)
handler_.setFormatter(Json())
logging.getLogger().addHandler(handler_)
logging.getLogger().setLevel(os.environ["AWS_LAMBDA_LOG_LEVEL"])

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)

if os.environ.get("DEFENCE") == "off":
    from agent_workflow import privacy
    privacy.keep_texts_private = lambda: None
    privacy._record_type = privacy._without_description = lambda *_: None
import handler
from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner

ends, callbacks = [], []
for event in json.loads(os.environ["EVENTS"]):
    with DurableFunctionTestRunner(handler.lambda_handler, poll_interval=0.05) as runner:
        arn = runner.run_async(input=json.dumps(event))
        if event == {"query": "CANARY-query"}:
            callbacks.append(runner.wait_for_callback(arn, name="answer"))
            runner.send_callback_success(callbacks[0], b"CANARY-answer")
        outcome = runner.wait_for_result(arn)
        operations = runner._store.load(arn).operations
    ends.append({"type": outcome.error and outcome.error.type, "message": outcome.error and outcome.error.message})
    ends[-1]["data"] = outcome.error and outcome.error.data
    details = [each.step_details or each.context_details for each in operations]
    errors = [each.error for each in details if each and each.error]
    ends[-1]["history"] = [[error.type, error.message, error.stack_trace] for error in errors]

from strands.event_loop import streaming
broken = {"name": "CANARY-tool", "toolUseId": "1", "input": '{"key": "CANARY-broken'}
streaming.handle_content_block_stop(
    {"content": [], "current_tool_use": broken, "text": "", "reasoningText": "", "citationsContent": []}
)
import threading
def fail():
    raise ValueError("CANARY-thread")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
spans = [json.loads(span.to_json()) for span in exporter.get_finished_spans()]
print(json.dumps({"ends": ends, "callbacks": callbacks, "spans": spans}))
"""
TOOLS = """
from durable_strands import durable_tool
from strands import tool

@durable_tool
def ask(context, question: str) -> str:
    '''Ask a person.'''
    return context.create_callback(name="answer").result()

@tool
def look_up(key: str) -> str:
    '''Look up a key.'''
    if "raise" in key:
        raise ValueError("no such key: " + key + " CANARY-tool-error")
    return "CANARY-tool-result"
"""
"""A tool that returns, or quotes what it was asked in its error; and one that waits for a person."""

QUERY = {"query": "CANARY-query"}
REFUSED = [
    {"query": "q", "budget_usd": "CANARY-budget"},
    {"query": "q", "demo_checkpoint": "CANARY-wait"},
    {"query": "q", "CANARY-field of words": 1},
    {"Records": "CANARY-records"},
    {"Records": [{"body": "CANARY-body"}]},
    ["CANARY-list"],
    "CANARY-event",
]


SECRET = "CANARY-secret-key"
REPLIES: list[list[dict[str, Any]]] = [
    [{"toolUse": {"toolUseId": "u1", "name": "look_up", "input": {"key": "CANARY-input"}}}],
    [{"toolUse": {"toolUseId": "u2", "name": "look_up", "input": {"key": "CANARY-input raise"}}}],
    [{"toolUse": {"toolUseId": "u3", "name": "CANARY-tool name", "input": {"key": "CANARY-input"}}}],
    [{"toolUse": {"toolUseId": "u4", "name": "ask", "input": {"question": "CANARY-question"}}}],
    [{"text": "CANARY-reply"}],
]
REFUSAL = {"message": "1 validation error detected: Value 'CANARY-query' is too long. CANARY-service"}


def frames(answer: dict[str, Any]) -> bytes:
    """The answer as ConverseStream sends it."""
    (block,) = answer["output"]["message"]["content"]
    tool = block.get("toolUse")
    start = {"toolUse": {"toolUseId": tool["toolUseId"], "name": tool["name"]}} if tool else None
    delta = {"toolUse": {"input": json.dumps(tool["input"])}} if tool else block
    events: list[tuple[str, dict[str, Any]]] = [
        ("messageStart", {"role": "assistant"}),
        *([("contentBlockStart", {"contentBlockIndex": 0, "start": start})] if tool else []),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("messageStop", {"stopReason": answer["stopReason"]}),
        ("metadata", {"usage": answer["usage"], "metrics": answer["metrics"]}),
    ]
    return b"".join(event_frame(*event) for event in events)


class Bedrock(BaseHTTPRequestHandler):
    """Both operations: the replies in turn; a query that asks for a failure is refused in words that quote it."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        refused = "refuse" in json.dumps(asked["messages"][0])
        turn = sum(message["role"] == "assistant" for message in asked["messages"])
        content = REPLIES[min(turn, 4)]
        usage = {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}
        message = {"role": "assistant", "content": content}
        answer = {"output": {"message": message}, "usage": usage, "metrics": {"latencyMs": 1}}
        answer["stopReason"] = "tool_use" if turn < 4 else "end_turn"
        streaming = self.path.endswith("converse-stream") and not refused
        body = frames(answer) if streaming else json.dumps(REFUSAL if refused else answer).encode()
        self.send_response(400 if refused else 200)
        self.send_header("Content-Type", EVENT_STREAM_TYPE if streaming else "application/json")
        self.send_header("Content-Length", str(len(body)))
        if refused:
            self.send_header("x-amzn-ErrorType", "ValidationException")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def bedrock() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bedrock)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture(scope="module")
def of_the_dev_stage() -> dict[str, str]:
    """What the dev stage's template sets for its function: its variables, and the levels of Lambda's own client."""
    os.environ.setdefault("CDK_VALIDATION", "false")
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
    from aws_cdk.assertions import Template

    from infra.stacks.pipeline_stack import PipelineStack
    from infra.stacks.stages import DEV
    from tests.infra.apps import durable_function, new_app

    found = durable_function(Template.from_stack(PipelineStack(new_app(), DEV)))
    chosen = {name: value for name, value in found["Environment"]["Variables"].items() if isinstance(value, str)}
    logging = found["LoggingConfig"]
    return {
        **chosen,
        "AWS_LAMBDA_LOG_LEVEL": logging["ApplicationLogLevel"],
        "AWS_LAMBDA_LOG_FORMAT": logging["LogFormat"],
    }


def process(bedrock: str, folder: Path, chosen: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Everything that the process wrote, and its last line: how the executions ended, and the spans."""
    declare_clerk(folder, "''")
    (folder / "tools.py").write_text(TOOLS)
    file = folder / "agents.toml"
    file.write_text(file.read_text().replace('["look_up"]', '["look_up", "ask"]'))
    events = [QUERY, {"query": "CANARY-query refuse"}, *REFUSED]
    environment = {
        **chosen, "AGENTS_FOLDER": str(folder), "AGENT_MODELS": "{}", "DEPLOYMENT_FILE": "",
        "MODEL_PRICES": json.dumps({"a.model": {"input": "3", "output": "15"}}),
        "EVENTS": json.dumps(events), "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock,
        "AWS_ACCESS_KEY_ID": "CANARY-access-key", "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": "CANARY-session-token", "AWS_DEFAULT_REGION": "us-east-1",
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "lambda_src"))),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", PROCESS],
        check=False,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout.splitlines()
    return "\n".join((*lines, done.stderr)), json.loads(last)


@pytest.fixture(
    scope="module",
    params=[("dev", "true"), ("dev", "false"), ("INFO", "true"), ("INFO", "false")],
    ids=lambda param: f"{param[0]}, {'ConverseStream' if param[1] == 'true' else 'Converse'}",
)
def written(
    request: Any, bedrock: str, of_the_dev_stage: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, Any]]:
    level, streaming = request.param
    plain = {"AWS_LAMBDA_LOG_LEVEL": level, "POWERTOOLS_LOG_LEVEL": level}
    chosen = of_the_dev_stage if level == "dev" else plain
    return process(bedrock, tmp_path_factory.mktemp("agents"), {**chosen, "MODEL_STREAMING": streaming})


def test_everything_ran_and_was_written_so_there_was_something_to_find(written: tuple[str, dict[str, Any]]):
    text, last = written
    types = [end["type"] for end in last["ends"]]
    assert types == [None, "ModelRequestInvalid", *["InvalidRequest"] * len(REFUSED)]
    assert "attempt failed" in text, "our own lines"
    assert "Execution failed" in text, "the engine's lines"
    assert "failed to parse tool input json" in text, "the lines of Strands"
    assert '"ToolErrors":' in text.replace(" ", ""), "the metrics"
    assert any("execute_tool" in span["name"] for span in last["spans"]), "the spans"


def test_no_marked_text_and_no_credential_is_in_any_stream_metric_span_or_error(written: tuple[str, dict[str, Any]]):
    text, last = written
    found = [line for line in text.splitlines() if "CANARY" in line or "Signature=" in line]
    assert not found, "\n".join(found)[:3000]
    (callback,) = last["callbacks"]
    assert callback not in text
    assert callback not in json.dumps(last["spans"])
    assert not [end for end in last["ends"] if "CANARY" in json.dumps(end)]
    assert not [span for span in last["spans"] if "CANARY" in json.dumps(span)]


def test_what_libraries_say_in_their_own_words_is_kept_with_place_and_type(written: tuple[str, dict[str, Any]]):
    assert "library=<aws_durable_execution_sdk_python>, place=<execution.py:" in written[0]
    assert "error=<ModelRequestInvalid>" in written[0]


def test_the_dev_stage_is_at_debug_for_lambdas_client_and_for_the_function(of_the_dev_stage: dict[str, str]):
    levels = {of_the_dev_stage[name] for name in ("AWS_LAMBDA_LOG_LEVEL", "POWERTOOLS_LOG_LEVEL")}
    assert (levels, of_the_dev_stage["AWS_LAMBDA_LOG_FORMAT"]) == ({"DEBUG"}, "JSON")


def test_fails_when_the_defence_is_off(bedrock: str, of_the_dev_stage: dict[str, str], tmp_path: Path):
    text, _ = process(bedrock, tmp_path, {**of_the_dev_stage, "MODEL_STREAMING": "true", "DEFENCE": "off"})
    for leak in ("CANARY-query", "CANARY-reply", "CANARY-session-token", "CANARY-tool-error", "Signature="):
        assert leak in text, leak
