"""Service tiers and reasoning: how agents.toml declares them, what goes over the wire, under which id it is priced."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_workflow import model as module
from agent_workflow.agents import AgentSpec, read_agents_and_boxes
from agent_workflow.errors import InvalidConfiguration
from agent_workflow.settings import read_settings
from agent_workflow.strands_agent import build_agent
from durable_strands.model_calls import _config, _priced_as
from scripts.local_aws.bedrock.calls import CallsLog
from scripts.local_aws.bedrock.script import ScriptBackend, parse_script
from scripts.local_aws.bedrock.serve import serving
from scripts.local_aws.processes.journal import read_all
from tests.fakes import declare_clerk

SONNET, OPUS_5, NOVA, GPT = (
    "us.anthropic.claude-sonnet-4-6", "us.anthropic.claude-opus-5", "us.amazon.nova-2-lite-v1:0",
    "openai.gpt-oss-120b-1:0",
)  # fmt: skip
BY_BUDGET = "reasoning = {budget_tokens = 2048}"
BY_EFFORT = 'reasoning = {effort = "low"}'


def clerk(folder: Path, model: str, more: str = "", max_tokens: int = 4096, calls: Any = None) -> AgentSpec:
    """An agent with a tool, with more lines in its entry."""
    declare_clerk(folder, "f'about {key}'")
    file = folder / "agents.toml"
    file.write_text(file.read_text().replace("a.model", model).replace("= 10\n", f"= {max_tokens}\n") + more)
    return read_agents_and_boxes(folder, more_fields=calls)[0][0]


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    yield
    module._model.cache_clear()
    module.session.cache_clear()


def served(folder: Path, spec: AgentSpec, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], list[Any]]:
    """(lines of the endpoint's calls file, the conversation) of two turns with a tool between them."""
    replies = [
        {"turn": 1, "reasoning": "I had better look.", "tool_uses": [{"name": "look_up", "input": {"key": "x"}}]},
        {"turn": 2, "reasoning": "That is it.", "text": "done"},
    ]
    calls = folder / "calls.jsonl"
    backend = ScriptBackend(parse_script(json.dumps({"replies": replies})))
    with serving(backend, CallsLog(calls)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url)
        agent = build_agent(spec, read_settings({"AGENTS_FOLDER": str(folder)}))
        assert str(agent("the query")).strip() == "done"
    return [line for line in read_all(calls) if line["event"] == "finished"], agent.messages


@pytest.mark.parametrize(
    ("model", "line", "fields"),
    [
        (SONNET, BY_BUDGET, {"thinking": {"type": "enabled", "budget_tokens": 2048}}),
        (OPUS_5, BY_EFFORT, {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}),
        (NOVA, BY_EFFORT, {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}),
        (GPT, BY_EFFORT, {"reasoning_effort": "low"}),
    ],
)
def test_reasoning_is_asked_for_in_the_words_of_the_models_maker(tmp_path, monkeypatch, model, line, fields):
    calls, _ = served(tmp_path, clerk(tmp_path, model, line), monkeypatch)
    assert [call["additional_fields"] for call in calls] == [fields, fields]


def test_reasoning_is_given_back_with_its_signature(tmp_path, monkeypatch):
    calls, messages = served(tmp_path, clerk(tmp_path, SONNET, BY_BUDGET), monkeypatch)
    assert len(calls) == 2, "the endpoint refuses a second turn whose reasoning is not the one that it signed"
    thoughts = [
        block["reasoningContent"] for message in messages for block in message["content"] if "reasoningContent" in block
    ]
    assert [thought["reasoningText"]["text"] for thought in thoughts] == ["I had better look.", "That is it."]


def test_an_agent_without_either_asks_for_neither(tmp_path, monkeypatch):
    calls, messages = served(tmp_path, clerk(tmp_path, SONNET), monkeypatch)
    assert not {"service_tier", "additional_fields"} & set(calls[0])
    assert "reasoningContent" not in json.dumps(messages)


def test_a_service_tier_goes_over_the_wire_and_into_the_id_that_is_priced(tmp_path, monkeypatch):
    spec = clerk(tmp_path, NOVA, 'service_tier = "flex"')
    calls, _ = served(tmp_path, spec, monkeypatch)
    assert [call["service_tier"] for call in calls] == [{"type": "flex"}] * 2
    built = module.build_model(spec, read_settings({}))
    assert _priced_as(_config(built)) == spec.billed_as == f"{NOVA}@flex"


def test_the_default_tier_is_billed_as_the_model(tmp_path):
    spec = clerk(tmp_path, SONNET, 'service_tier = "default"')
    assert _priced_as(_config(module.build_model(spec, read_settings({})))) == spec.billed_as == SONNET


def test_a_deployments_choice_stands_above_the_declared_one_and_takes_the_temperature_with_it(tmp_path):
    calls = read_settings({"AGENT_CALLS": '{"clerk": {"reasoning": {"effort": "high"}}}'}).agent_calls
    spec = clerk(tmp_path, OPUS_5, "temperature = 0.3\n", calls=calls)
    assert spec.reasoning is not None
    assert (spec.reasoning.effort, spec.temperature) == ("high", None)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("reasoning = {budget_tokens = 4096}", "budget_tokens must be below max_tokens, which is 4096, got 4096"),
        (
            "reasoning = {budget_tokens = 1023}",
            "budget_tokens must be a whole number between 1024 and 1000000, got 1023",
        ),
        ('reasoning = {effort = "huge"}', "effort must be one of low, medium, high, max, got 'huge'"),
        ('reasoning = {effort = "low", budget_tokens = 2048}', "must be a table of budget_tokens or effort"),
        ("reasoning = {}", "must be a table of budget_tokens or effort"),
        (f"{BY_EFFORT}\ntemperature = 0.3", "temperature must be left out beside reasoning, got 0.3"),
        ('service_tier = "fast"', "service_tier must be one of default, priority, flex, reserved, got 'fast'"),
    ],
)
def test_fails_when_no_model_could_take_it(tmp_path, lines, message):
    with pytest.raises(InvalidConfiguration, match=message):
        clerk(tmp_path, SONNET, lines)


def test_fails_when_a_choice_names_no_agent(tmp_path):
    with pytest.raises(InvalidConfiguration, match=r"service_tiers and reasoning must name agents of .*, got 'writer'"):
        clerk(tmp_path, SONNET, calls={"writer": {"service_tier": "flex"}})


def test_fails_before_a_call_when_the_model_does_not_reason_so(tmp_path):
    with pytest.raises(InvalidConfiguration, match="reasoning must not be budget_tokens for"):
        module.build_model(clerk(tmp_path, OPUS_5, BY_BUDGET), read_settings({}))
