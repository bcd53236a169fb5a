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


def sent(network: Unavailable, agent: Any = RESEARCH, **environment: str) -> Any:
    """The one request of a model call that finds Bedrock unavailable: the durable engine retries, not botocore."""
    model: Any = module.build_model(agent, read_settings(environment))
    model.client.meta.events.register("before-send.bedrock-runtime", network)

    async def drain() -> None:
        async for _ in model.stream([{"role": "user", "content": [{"text": "hello"}]}], system_prompt="be brief"):
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


def test_an_agents_model_is_made_once_per_process():
    assert module.build_model(RESEARCH, read_settings({})) is module.build_model(RESEARCH, read_settings({}))


def test_a_deployed_guardrail_goes_with_every_model_call():
    body = json.loads(sent(Unavailable(), GUARDRAIL_ID="gr-1", GUARDRAIL_VERSION="3").body)
    assert body["guardrailConfig"].items() >= {"guardrailIdentifier": "gr-1", "guardrailVersion": "3"}.items()
    assert "guardrailConfig" not in json.loads(sent(Unavailable()).body)
