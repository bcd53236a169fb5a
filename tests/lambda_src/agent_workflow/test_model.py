"""model.py: what is really sent to Bedrock, seen just before it would leave the process."""

import asyncio
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from urllib3 import HTTPResponse

from agent_workflow import model as module
from agent_workflow.agents import read_agents
from agent_workflow.settings import read_settings

RESEARCH = read_agents(Path(__file__).parents[3] / "lambda_src" / "agents")[0]


class Unavailable:
    """Stands in for the network: keeps each request and answers 503."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        self.requests.append(request)
        raw = HTTPResponse(io.BytesIO(b'{"message": "unavailable"}'), preload_content=False)
        return AWSResponse(request.url, 503, HTTPHeaders(), raw)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", raising=False)
    yield
    module._model.cache_clear()
    module.session.cache_clear()


def sent(network: Unavailable, agent: Any = RESEARCH, tools: Any = None, **environment: str) -> Any:
    """The one request of a model call that finds Bedrock unavailable: the durable engine retries, not botocore."""
    model: Any = module.build_model(agent, read_settings(environment))
    model.client.meta.events.register("before-send.bedrock-runtime", network)

    async def drain() -> None:
        messages = [{"role": "user", "content": [{"text": "hello"}]}]
        async for _ in model.stream(messages, tools, system_prompt="be brief"):
            pass

    with pytest.raises(Exception, match="503"):
        asyncio.run(drain())
    assert len(network.requests) == 1
    return network.requests[0]


def test_a_request_names_its_agent_and_pipeline_and_carries_the_declared_choices():
    body = json.loads(sent(Unavailable(), PIPELINE_NAME="prod").body)
    assert body["requestMetadata"] == {"agent": "research", "pipeline": "prod"}
    assert body["inferenceConfig"] == {"maxTokens": 8192, "temperature": 0.3}
    assert body["system"] == [{"text": "be brief"}]


def test_a_model_of_another_choice_is_sent_no_temperature():
    other = replace(RESEARCH, model="us.anthropic.claude-opus-5", temperature=None)
    request = sent(Unavailable(), other)
    assert json.loads(request.body)["inferenceConfig"] == {"maxTokens": 8192}
    assert "us.anthropic.claude-opus-5" in request.url


@pytest.mark.parametrize(("streaming", "path"), [("true", "/converse-stream"), ("false", "/converse")])
def test_streaming_chooses_the_api(streaming: str, path: str):
    assert sent(Unavailable(), MODEL_STREAMING=streaming).url.endswith(path)


def test_the_timeouts_are_those_of_the_settings():
    settings = read_settings({"MODEL_CONNECT_TIMEOUT_SECONDS": "3", "MODEL_READ_TIMEOUT_SECONDS": "77"})
    model: Any = module.build_model(RESEARCH, settings)
    assert (model.client.meta.config.connect_timeout, model.client.meta.config.read_timeout) == (3, 77)


POINT = {"cachePoint": {"type": "default"}}
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}
SEARCHER = replace(RESEARCH, tools=("search",))
TOOL = {"name": "search", "description": "Search.", "inputSchema": {"json": {"type": "object"}}}


def points(agent: Any, **environment: str) -> list[Any]:
    """The last block of the tools, of the system prompt and of the last message."""
    body = json.loads(sent(Unavailable(), agent, tools=[TOOL], **environment).body)
    return [body["toolConfig"]["tools"][-1], body["system"][-1], body["messages"][-1]["content"][-1]]


@pytest.mark.parametrize(("life", "point"), [("5m", POINT), ("1h", HOUR)])
def test_tools_system_prompt_and_conversation_of_an_agent_with_tools_are_cached(life: str, point: Any):
    assert points(SEARCHER, PROMPT_CACHE=life) == [point] * 3


def test_prompts_are_cached_for_five_minutes_unless_chosen():
    assert points(SEARCHER) == [POINT] * 3


@pytest.mark.parametrize(
    ("agent", "environment"),
    [
        (SEARCHER, {"PROMPT_CACHE": "off"}),
        (RESEARCH, {}),  # called once: a write would never be read
        (replace(SEARCHER, prompt_cache=False), {}),
        (replace(SEARCHER, model="us.amazon.nova-pro-v1:0"), {}),
        (replace(SEARCHER, model="us.anthropic.claude-opus-4-1-20250805-v1:0"), {"PROMPT_CACHE": "1h"}),
    ],
)
def test_a_prompt_is_not_cached_where_nobody_wants_it_or_the_model_cannot(agent: Any, environment: dict[str, str]):
    body = sent(Unavailable(), agent, tools=[TOOL], **environment).body
    assert "cachePoint" not in body.decode()


def test_a_prompt_is_cached_where_the_agent_asks_for_it():
    assert points(replace(RESEARCH, prompt_cache=True))[1:] == [POINT] * 2


def test_what_an_application_profile_was_made_of_decides_whether_it_caches():
    arn = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc"
    profile = replace(SEARCHER, model=arn)
    prices = {arn: {"input": "3", "output": "15", "foundation": "anthropic.claude-sonnet-4-6"}}
    assert points(profile, MODEL_PRICES=json.dumps(prices)) == [POINT] * 3
    assert POINT not in points(profile)


def test_an_agents_model_is_made_once_per_process():
    assert module.build_model(RESEARCH, read_settings({})) is module.build_model(RESEARCH, read_settings({}))


def test_a_deployed_guardrail_goes_with_every_model_call():
    body = json.loads(sent(Unavailable(), GUARDRAIL_ID="gr-1", GUARDRAIL_VERSION="3").body)
    assert body["guardrailConfig"].items() >= {"guardrailIdentifier": "gr-1", "guardrailVersion": "3"}.items()
    assert "guardrailConfig" not in json.loads(sent(Unavailable()).body)
