"""Models that are not called through Bedrock, as the Lambda reads them; synth reads the same rules."""

from pathlib import Path
from typing import Any

import pytest

from agent_workflow.agents import AgentSpec, read_agents_and_boxes
from agent_workflow.deployment import refuse_unguarded
from agent_workflow.errors import InvalidConfiguration
from agent_workflow.model_tables import OpenAiTable, SageMakerTable, kind_of
from agent_workflow.settings import read_settings

URL = "https://models.example.com/v1"
TABLE = f'[models."openai/house"]\nbase_url = "{URL}"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "one.md").write_text("You are an agent.")
    return tmp_path


def declared(folder: Path, model: str, tables: str = "", **given: Any) -> AgentSpec:
    one = f'[[agents]]\nname = "one"\ninputs = ["query"]\nmodel = "{model}"\nmax_tokens = 9\ntemperature = 0.5\n'
    (folder / "agents.toml").write_text(one + tables)
    return read_agents_and_boxes(folder, **given)[0][0]


@pytest.mark.parametrize(
    ("model_id", "kind"),
    [
        ("openai/gpt-5", "openai"),
        ("sagemaker/house", "sagemaker"),
        ("openai.gpt-oss-120b-1:0", None),
        ("openai/", None),
        ("arn:aws:bedrock:us-east-1:111111111111:imported-model/openai", None),
        ("arn:aws:sagemaker:us-east-1:111111111111:endpoint/house", None),
        ("us.anthropic.claude-sonnet-4-6", None),
    ],
)
def test_the_beginning_of_an_id_tells_the_kind(model_id, kind):
    assert kind_of(model_id) == kind


def test_a_model_of_bedrock_has_no_endpoint(folder):
    assert declared(folder, "us.anthropic.claude-sonnet-4-6", TABLE).endpoint is None


def test_an_endpoint_is_read_with_its_agent(folder):
    agent = declared(folder, "openai/house", TABLE)
    assert (agent.endpoint, agent.temperature) == (OpenAiTable(base_url=URL), 0.5)
    assert declared(folder, "sagemaker/house").endpoint == SageMakerTable()


def test_a_deployment_may_choose_another_kind_and_says_what_the_file_does_not(folder):
    settings = {"openai/other": {"base_url": "https://other.example.com", "limit_by": "max_completion_tokens"}}
    agent = declared(folder, "a.model", models={"one": "openai/other"}, more_models=settings)
    assert agent.endpoint == OpenAiTable(base_url="https://other.example.com", limit_by="max_completion_tokens")
    assert agent.temperature is None


def test_what_a_deployment_chose_stands_above_the_file(folder):
    more = {"openai/house": {"base_url": "https://other.example.com"}}
    agent = declared(folder, "openai/house", TABLE + 'model = "qwen"\n', more_models=more)
    assert (agent.endpoint.base_url, agent.endpoint.model) == ("https://other.example.com", "qwen")


@pytest.mark.parametrize(
    ("model", "tables", "said"),
    [
        ("openai/house", "", "model of 'one': [models.'openai/house']: base_url must be an https address"),
        ("openai/house", TABLE.replace("https", "http"), "base_url must be an https address"),
        (
            "openai/house",
            TABLE.replace("https://", "http://127.0.0.1.example.com@"),
            "base_url must be an https address",
        ),
        ("openai/house", TABLE.replace("https", "file"), "base_url must be an https address"),
        ("a.model", '[models."a.model"]\nsource = "x"\n', "must be of openai/NAME or sagemaker/NAME, or the ARN of an"),
        (
            "sagemaker/house",
            '[models."sagemaker/house"]\nbase_url = "x"\n',
            "only the fields model, inference_component",
        ),
    ],
)
def test_fails_when_a_table_breaks_a_rule(folder, model, tables, said):
    with pytest.raises(InvalidConfiguration) as refused:
        declared(folder, model, tables)
    assert said in str(refused.value)


def test_fails_when_a_model_would_pass_by_the_guardrail(folder):
    guarded = read_settings({"GUARDRAIL_ID": "abc"})
    refuse_unguarded(read_settings({}), [declared(folder, "openai/house", TABLE)])
    refuse_unguarded(guarded, [declared(folder, "a.model")])
    with pytest.raises(InvalidConfiguration, match="must come with models of Bedrock only"):
        refuse_unguarded(guarded, [declared(folder, "openai/house", TABLE)])
