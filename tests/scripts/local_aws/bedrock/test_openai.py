"""The proxy to an OpenAI-compatible server, played by a small one that answers with canned chunks."""

import json

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError
from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from scripts.local_aws.bedrock.openai import OpenAiBackend
from scripts.local_aws.bedrock.serve import serving
from scripts.local_aws.processes.loopback import listen, serving_app, url_of

QUESTION = {"role": "user", "content": [{"text": "Tides?"}]}
USAGE = {"prompt_tokens": 12, "completion_tokens": 3}


def _said(text):
    return {"choices": [{"delta": {"content": text}}]}


def _finished(reason, usage=USAGE):
    return [{"choices": [{"delta": {}, "finish_reason": reason}]}, {"choices": [], "usage": usage}]


class ChatServer:
    """Plays the server: remembers what it was asked, answers with `chunks` or with `status` and an error."""

    def __init__(self):
        self.asked, self.chunks, self.status, self.error = [], [], 200, ""
        self.bedrock = None

    def app(self):
        async def complete(http):
            self.asked.append(await http.json())
            if self.status != 200:
                return JSONResponse({"error": {"message": self.error}}, status_code=self.status)
            lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in self.chunks]
            return StreamingResponse(iter([*lines, "data: [DONE]\n\n"]), media_type="text/event-stream")

        async def models(http):
            return JSONResponse({"data": []})

        return Starlette(
            routes=[Route("/v1/chat/completions", complete, methods=["POST"]), Route("/v1/models", models)]
        )


@pytest.fixture(scope="module")
def behind():
    server = ChatServer()
    with serving_app(server.app()) as url, serving(OpenAiBackend(url, "qwen")) as endpoint:
        server.bedrock = boto3.client(
            "bedrock-runtime",
            endpoint_url=endpoint,
            config=Config(retries={"total_max_attempts": 1}),
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        yield server


@pytest.fixture
def server(behind):
    behind.asked.clear()
    behind.status, behind.error = 200, ""
    return behind


@pytest.mark.parametrize(
    ("finish", "stop_reason"),
    [("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "content_filtered")],
)
def test_text_usage_and_stop_reason_come_from_the_server(server, finish, stop_reason):
    server.chunks = [_said("They "), _said("rise."), *_finished(finish)]
    reply = server.bedrock.converse(modelId="m", messages=[QUESTION], system=[{"text": "Be brief."}])
    assert reply["output"]["message"]["content"] == [{"text": "They rise."}]
    assert reply["stopReason"] == stop_reason
    assert reply["usage"] == {"inputTokens": 12, "outputTokens": 3, "totalTokens": 15}
    assert server.asked[0]["model"] == "qwen"
    assert server.asked[0]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Tides?"},
    ]


def test_cached_tokens_are_counted_apart_from_input_tokens_as_on_bedrock(server):
    usage = USAGE | {"prompt_tokens_details": {"cached_tokens": 10}}
    server.chunks = [_said("Yes."), *_finished("stop", usage)]
    usage = server.bedrock.converse(modelId="m", messages=[QUESTION])["usage"]
    assert usage == {"inputTokens": 2, "outputTokens": 3, "totalTokens": 15, "cacheReadInputTokens": 10}


def test_the_inference_settings_and_tools_are_passed_on(server):
    server.chunks = [_said("Yes."), *_finished("stop")]
    schema = {"type": "object", "properties": {"q": {"type": "string"}}}
    server.bedrock.converse(
        modelId="m",
        messages=[QUESTION],
        inferenceConfig={"maxTokens": 9, "temperature": 0.5, "topP": 0.75, "stopSequences": ["END"]},
        toolConfig={
            "tools": [{"toolSpec": {"name": "search", "description": "finds", "inputSchema": {"json": schema}}}],
            "toolChoice": {"tool": {"name": "search"}},
        },
    )
    [asked] = server.asked
    assert (asked["max_tokens"], asked["temperature"], asked["top_p"], asked["stop"]) == (9, 0.5, 0.75, ["END"])
    assert asked["tools"] == [
        {"type": "function", "function": {"name": "search", "description": "finds", "parameters": schema}}
    ]
    assert asked["tool_choice"] == {"type": "function", "function": {"name": "search"}}


def _call(index, *, call_id=None, name=None, arguments=""):
    call = {"index": index, "function": {"arguments": arguments} | ({"name": name} if name else {})}
    return {"choices": [{"delta": {"tool_calls": [call | ({"id": call_id} if call_id else {})]}}]}


def test_two_tool_calls_stream_through_as_two_blocks(server):
    server.chunks = [
        _said("Looking."),
        _call(0, call_id="c1", name="search", arguments='{"q": '),
        _call(0, arguments='"tides"}'),
        _call(1, call_id="c2", name="clock"),
        *_finished("tool_calls"),
    ]
    reply = server.bedrock.converse(modelId="m", messages=[QUESTION])
    assert reply["stopReason"] == "tool_use"
    assert reply["output"]["message"]["content"] == [
        {"text": "Looking."},
        {"toolUse": {"toolUseId": "c1", "name": "search", "input": {"q": "tides"}}},
        {"toolUse": {"toolUseId": "c2", "name": "clock", "input": {}}},
    ]
    events = list(server.bedrock.converse_stream(modelId="m", messages=[QUESTION])["stream"])
    starts = [event["contentBlockStart"]["contentBlockIndex"] for event in events if "contentBlockStart" in event]
    assert starts == [1, 2]


def test_a_conversation_with_tools_is_told_in_the_servers_words(server):
    server.chunks = [_said("Yes."), *_finished("stop")]
    asked = {
        "role": "assistant",
        "content": [{"toolUse": {"toolUseId": "c1", "name": "search", "input": {"q": "tides"}}}],
    }
    found = {"toolUseId": "c1", "content": [{"text": "found"}, {"json": {"n": 1}}]}
    answered = {"role": "user", "content": [{"toolResult": found}, {"text": "Go on."}]}
    server.bedrock.converse(modelId="m", messages=[QUESTION, asked, answered])
    call = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": '{"q": "tides"}'}}
    assert server.asked[0]["messages"][1:] == [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": 'found\n\n{"n": 1}'},
        {"role": "user", "content": "Go on."},
    ]


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (429, "slow down", "ThrottlingException"),
        (503, "loading", "ServiceUnavailableException"),
        (500, "boom", "InternalServerException"),
        (401, "no key", "AccessDeniedException"),
        (404, "model qwen not found", "ResourceNotFoundException"),
        (400, "bad schema", "ValidationException"),
    ],
)
def test_the_servers_refusals_become_awss(server, status, error, code):
    server.status, server.error = status, error
    with pytest.raises(ClientError, match=error) as refused:
        server.bedrock.converse_stream(modelId="m", messages=[QUESTION])
    assert refused.value.response["Error"]["Code"] == code


def test_a_prompt_too_long_for_the_server_is_bedrocks_context_overflow(server):
    server.status, server.error = 400, "This model's maximum context length is 4096 tokens"
    with pytest.raises(ClientError, match="Input is too long for requested model"):
        server.bedrock.converse(modelId="m", messages=[QUESTION])


def test_a_reply_that_ends_in_the_middle_is_a_stream_error(server):
    server.chunks = [_said("They ")]
    with pytest.raises(EventStreamError, match="modelStreamErrorException"):
        list(server.bedrock.converse_stream(modelId="m", messages=[QUESTION])["stream"])


def test_an_image_is_refused_rather_than_left_out(server):
    image = {"image": {"format": "png", "source": {"bytes": b"x"}}}
    with pytest.raises(ClientError, match="doesn't support the image content block"):
        server.bedrock.converse(modelId="m", messages=[{"role": "user", "content": [image]}])
    assert server.asked == []


def test_fails_when_nothing_answers_at_the_url():
    listener = listen(0)
    url = url_of(listener)
    listener.close()
    with pytest.raises(ValueError, match=f"cannot reach the OpenAI-compatible server at {url}"):
        OpenAiBackend(url, "qwen")
    with pytest.raises(ValueError, match="must be an http or https URL, got localhost"):
        OpenAiBackend("localhost", "qwen")
