"""Random replies of a model on the real wire: frames out of order, cut, damaged, with anything inside."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from hypothesis import strategies as st

from scripts.fuzz.sweep import MARK, Broken
from scripts.local_aws.bedrock.wire import ERRORS_OF_A_STREAM, EVENT_STREAM_TYPE, AwsError, event_frame, exception_frame

TEXT = f"{MARK} tides"
USAGE = {"usage": {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10}, "metrics": {"latencyMs": 1}}

_reasons = st.sampled_from(["end_turn", "tool_use", "max_tokens", "stop_sequence", "guardrail_intervened", "odd", ""])
_usages: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [USAGE, {}, {"usage": None}, {"usage": {}}, {"usage": {"inputTokens": -9}}]
)
_tool = {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t", "name": f"{MARK}"}}}
_deltas: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{"text": TEXT}, {"text": ""}, {"toolUse": {"input": f'{{"{MARK}'}}, {}, {"surprise": 1}]
)
_good = st.one_of(
    st.just(event_frame("messageStart", {"role": "assistant"})),
    st.just(event_frame("contentBlockStart", _tool)),
    _deltas.map(lambda delta: event_frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta})),
    st.just(event_frame("contentBlockStop", {"contentBlockIndex": 0})),
    _reasons.map(lambda reason: event_frame("messageStop", {"stopReason": reason})),
    _usages.map(lambda usage: event_frame("metadata", usage)),
)
_errors = st.sampled_from(sorted(ERRORS_OF_A_STREAM)).map(lambda code: exception_frame(AwsError(code, TEXT)))
_odd = st.one_of(
    _good.map(lambda frame: frame[: len(frame) // 2]),
    _good.map(lambda frame: frame[:-1] + bytes([frame[-1] ^ 1])),
    st.binary(max_size=40),
    st.just(event_frame("surprise", {"text": TEXT})),
)
_whole = st.tuples(_deltas, _reasons, _usages).map(
    lambda parts: [
        event_frame("messageStart", {"role": "assistant"}),
        event_frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": parts[0]}),
        event_frame("contentBlockStop", {"contentBlockIndex": 0}),
        event_frame("messageStop", {"stopReason": parts[1]}),
        event_frame("metadata", parts[2]),
    ]
)
STREAMS = st.one_of(_whole, st.lists(st.one_of(_good, _good, _errors, _odd), max_size=8)).map(b"".join)
"""The body of every ConverseStream reply of one execution."""


@contextmanager
def bedrock_that_says(says: list[bytes]) -> Iterator[str]:
    """A Bedrock endpoint on loopback that answers every call with the last of `says`; yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(200)
            self.send_header("content-type", EVENT_STREAM_TYPE)
            self.end_headers()
            self.wfile.write(says[-1])

        def log_message(self, *_: Any) -> None:
            """Nothing: a line a call would drown the sweep."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def pipeline_on_streams() -> Iterator[Callable[[bytes], tuple[str, str]]]:
    """The unmodified handler on AWS's local durable runner, in front of that endpoint; yields `end`."""
    says: list[bytes] = [b""]
    with bedrock_that_says(says) as url:
        os.environ.update(
            AWS_ENDPOINT_URL_BEDROCK_RUNTIME=url,
            AWS_ACCESS_KEY_ID="local",
            AWS_SECRET_ACCESS_KEY="local",  # noqa: S106 - nothing on loopback checks it
            AWS_REGION="us-east-1",
            AWS_DEFAULT_REGION="us-east-1",
            RETRY_INITIAL_DELAY_SECONDS="1",
        )
        yield lambda stream: _end(stream, says)


def _end(stream: bytes, says: list[bytes]) -> tuple[str, str]:
    from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner

    import handler

    says.append(stream)
    metrics = redirect_stdout(io.StringIO())  # a line a call would drown the sweep
    with metrics, DurableFunctionTestRunner(handler.lambda_handler, poll_interval=0.02) as runner:
        outcome = runner.run(input=json.dumps({"query": MARK}))
    if outcome.error is None:
        if not json.loads(outcome.result or "{}").get("report", "").strip():
            raise Broken("an execution succeeded without a report")
        return "a report", ""
    return _typed(outcome.error.type), f"{outcome.error.message} {outcome.error.data}"


def _typed(name: str | None) -> str:
    from durable_strands import AgentFailed, errors

    kind = getattr(errors, name or "", None)
    if not (isinstance(kind, type) and issubclass(kind, AgentFailed)):
        raise Broken(f"an execution ended as {name}, which is no type of ours")
    return str(name)
