"""Every model call and every tool call is a checkpoint: made once, replayed ever after."""

from __future__ import annotations

import pytest
from aws_durable_execution_sdk_python.config import Duration
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from strands import Agent, tool
from strands.models import BedrockModel
from strands.types.exceptions import ModelThrottledException

from durable_strands import AgentFailed, run, run_agent
from durable_strands.safety import make_safe
from tests.lambda_src.durable_strands.engine import Watcher, on_engine
from tests.lambda_src.durable_strands.scripted import ScriptedModel, tool_use


def searching(calls: list[str]):
    @tool
    def search(query: str) -> str:
        """Search.

        Args:
            query: What for.
        """
        calls.append(query)
        return f"found {query}"

    return search


def test_each_call_of_an_agent_is_an_operation_of_its_own():
    model = ScriptedModel([[tool_use("search", query="a")], "done"])
    searched: list[str] = []

    def body(context):
        agent = Agent(model=model, tools=[searching(searched)], callback_handler=None)
        result = run_agent(context, agent, "go", name="research-agent")
        return {"text": str(result), "usage": result.metrics.accumulated_usage, "stop": result.stop_reason}

    outcome = on_engine(body)
    assert outcome.names == [
        "research-agent", "research-agent/model-1", "research-agent/tool-1-search", "research-agent/model-2",
    ]  # fmt: skip
    assert outcome.value["text"].strip() == "done"
    assert outcome.value["usage"]["inputTokens"] == 200
    assert outcome.value["usage"]["outputTokens"] == 20
    assert searched == ["a"]
    assert model.calls == [0, 1]


def test_a_throttle_in_a_late_turn_repeats_only_that_call_and_suspends_meanwhile():
    script = [[tool_use("search", query=str(n))] for n in range(9)] + ["the end"]
    model, watcher = ScriptedModel(script, {8: [ModelThrottledException("slow down")]}), Watcher()
    searched: list[str] = []

    def body(context):
        watcher.start_pass()
        agent = Agent(model=model, tools=[searching(searched)], callback_handler=None)
        return run(context, lambda: agent, "go", name="research-agent", observer=watcher).text

    outcome = on_engine(body)
    assert outcome.value == "the end"
    assert outcome.invocations == 2, "the back-off must suspend the function, not sleep in it"
    assert model.calls == [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9]
    assert searched == [str(n) for n in range(9)]
    assert len(watcher.made) == 10 + 9, "metrics count each call once although the run was replayed"
    assert [record.name for record in watcher.returned if record.kind == "model"] == [
        f"model-{n}" for n in range(1, 11)
    ]
    assert [record.attempts for record in watcher.returned if record.name == "model-9"] == [2]
    assert watcher.failed == [("model-9", 1, "ModelThrottled")]


def test_a_finished_agent_is_replayed_without_building_it():
    model, built, watcher = ScriptedModel(["one"]), [], Watcher()

    def body(context):
        watcher.start_pass()

        def build():
            built.append(1)
            return Agent(model=model, callback_handler=None)

        text = run(context, build, "go", name="a-agent", observer=watcher).text
        context.wait(Duration.from_seconds(1), name="pause")
        return text

    outcome = on_engine(body)
    assert outcome.invocations == 2
    assert outcome.value == "one"
    assert built == [1]
    assert model.calls == [0]
    assert [record.name for record in watcher.returned] == ["model-1"], "a replayed agent still reports its calls"


def test_an_agent_keeps_its_conversation_across_a_replay():
    model = ScriptedModel(["first", "second"])

    def body(context):
        agent = Agent(model=model, callback_handler=None)
        run_agent(context, agent, "one", name="one")
        context.wait(Duration.from_seconds(1), name="pause")
        run_agent(context, agent, "two", name="two")
        return [[block.get("text") for block in message["content"]] for message in agent.messages]

    outcome = on_engine(body)
    assert outcome.invocations == 2
    assert outcome.value == [["one"], ["first "], ["two"], ["second "]]
    assert model.calls == [0, 1]


def test_token_events_reach_the_callback_handler_once():
    seen = []
    model = ScriptedModel(["hello big world"], {0: [ModelThrottledException("x")]})

    def body(context):
        agent = Agent(model=model, callback_handler=lambda **event: seen.append(event.get("data")))
        return run(context, lambda: agent, "go", name="a").text

    assert on_engine(body).value == "hello big world"
    assert "".join(filter(None, seen)) == "hello big world "


def test_a_failure_carries_the_usage_so_far_to_the_caller_on_every_pass():
    model = ScriptedModel([[tool_use("search", query="a")], {"text": "cut", "stop": "max_tokens"}])

    def body(context):
        agent = Agent(model=model, tools=[searching([])], callback_handler=None)
        try:
            run(context, lambda: agent, "go", name="a")
        except AgentFailed as failure:
            context.wait(Duration.from_seconds(1), name="pause")
            return [type(failure).__name__, failure.usage.input_tokens, [call.name for call in failure.calls]]

    outcome = on_engine(body)
    assert outcome.invocations == 2
    assert outcome.value == ["ModelLimitReached", 200, ["model-1", "tool-1-search", "model-2"]]
    assert model.calls == [0, 1]


def test_botocore_retries_are_switched_off_on_a_plain_model(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    model = BedrockModel(
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:9",
        boto_client_config=Config(retries={"max_attempts": 4}),
    )
    attempts = []

    def count(**_):
        attempts.append(1)

    model.client.meta.events.register("before-send.bedrock-runtime.*", count)
    make_safe(Agent(model=model, callback_handler=None))
    with pytest.raises(EndpointConnectionError):
        model.client.converse(modelId="m", messages=[])
    assert attempts == [1]
