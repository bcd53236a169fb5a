"""An unmodified Strands agent against the scripted endpoint."""

import json

import pytest
from botocore.config import Config
from strands import Agent, tool
from strands.models.bedrock import BedrockModel
from strands.types.exceptions import ContextWindowOverflowException, MaxTokensReachedException, ModelThrottledException

from scripts.local_aws.bedrock.script import ScriptBackend, parse_script
from scripts.local_aws.bedrock.serve import serving

SEARCH = {"name": "search", "input": {"query": "tides"}}
USAGE = {"inputTokens": 10, "outputTokens": 5, "cacheReadInputTokens": 4, "cacheWriteInputTokens": 2}


@pytest.fixture(scope="module")
def backend():
    return ScriptBackend(parse_script("{}"))


@pytest.fixture(scope="module")
def url(backend):
    with serving(backend) as url:
        yield url


@pytest.fixture
def agent(backend, url, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")

    @tool
    def search(query: str) -> str:
        """Search for a query."""
        return f"found {query}"

    def build(*replies, streaming=True):
        backend.replace(parse_script(json.dumps({"replies": replies})))
        model = BedrockModel(
            model_id="us.anthropic.claude-sonnet-4-6",
            endpoint_url=url,
            region_name="us-east-1",
            streaming=streaming,
            boto_client_config=Config(retries={"total_max_attempts": 1}),
            additional_args={"requestMetadata": {"agent": "research"}},
        )
        return Agent(model=model, tools=[search], callback_handler=None, retry_strategy=None)

    return build


@pytest.mark.parametrize("streaming", [True, False])
def test_an_agent_uses_a_tool_and_answers(agent, streaming):
    asks = {"agent": "research", "turn": 1, "text": "Let me look.", "tool_uses": [SEARCH], "usage": USAGE}
    answers = {"agent": "research", "turn": 2, "text": "Tides rise and fall.", "usage": USAGE}
    agent = agent(asks, answers, streaming=streaming)
    result = agent("What are tides?")
    assert str(result).strip() == "Tides rise and fall."
    assert result.stop_reason == "end_turn"
    [tool_result] = [block["toolResult"] for block in agent.messages[2]["content"]]
    assert tool_result["content"] == [{"text": "found tides"}]
    assert dict(result.metrics.accumulated_usage) == {
        "inputTokens": 20,
        "outputTokens": 10,
        "totalTokens": 42,
        "cacheReadInputTokens": 8,
        "cacheWriteInputTokens": 4,
    }


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ({"text": "x", "faults": ["throttle"]}, ModelThrottledException),
        ({"text": "one two", "faults": ["throttle_midstream"]}, ModelThrottledException),
        ({"text": "x", "faults": ["context_overflow"]}, ContextWindowOverflowException),
        ({"text": "x", "stop_reason": "max_tokens"}, MaxTokensReachedException),
    ],
)
def test_strands_knows_the_faults_for_what_they_are(agent, reply, error):
    with pytest.raises(error):
        agent(reply)("What are tides?")
