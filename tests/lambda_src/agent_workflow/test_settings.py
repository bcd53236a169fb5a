"""settings.py: the environment, once."""

import json
from decimal import Decimal

import pytest

from agent_workflow.errors import InvalidConfiguration
from agent_workflow.settings import TASK_ROOT, read_settings

PRICES = {"a.model": {"input": "3", "output": "15", "cache_read": "0.3", "as_of": "2026-11-22"}}


def test_every_variable_has_a_default():
    settings = read_settings({})
    assert (settings.pipeline, settings.streaming) == ("DurableAgentPipeline", True)
    assert (settings.connect_timeout_seconds, settings.read_timeout_seconds) == (5, 120)
    assert (settings.agent_models, settings.prices, settings.budget_ceiling_usd) == ({}, {}, None)
    assert (settings.service, settings.metrics_namespace) == ("durable-agent-pipeline", "DurableAgentPipeline")
    assert (settings.agents_folder / "agents.toml").is_file()


def test_an_empty_variable_counts_as_left_out():
    assert read_settings(dict.fromkeys(("MODEL_STREAMING", "MODEL_PRICES", "AGENTS_FOLDER"), " ")) == read_settings({})


def test_the_pipeline_is_named_after_the_function_unless_named_itself():
    assert read_settings({"AWS_LAMBDA_FUNCTION_NAME": "fn"}).pipeline == "fn"
    assert read_settings({"AWS_LAMBDA_FUNCTION_NAME": "fn", "PIPELINE_NAME": "prod"}).pipeline == "prod"


def test_every_variable_is_read():
    settings = read_settings(
        {
            "AGENT_MODELS": '{"research": "b.model"}',
            "AGENTS_FOLDER": "agents",
            "MODEL_STREAMING": "false",
            "MODEL_CONNECT_TIMEOUT_SECONDS": "2.5",
            "MODEL_READ_TIMEOUT_SECONDS": "60",
            "MODEL_USUAL_SECONDS": "20",
            "TOKENS_PER_MINUTE": '{"b.model": 1000, "c.model": "learn"}',
            "BUDGET_CEILING_USD": "1.50",
            "MODEL_PRICES": json.dumps(PRICES),
            "MODEL_SETTINGS": '{"sagemaker/a": {"model": "m"}}',
            "RETRY_INITIAL_DELAY_SECONDS": "7",
            "POWERTOOLS_SERVICE_NAME": "s",
            "POWERTOOLS_METRICS_NAMESPACE": "n",
            "POWERTOOLS_LOG_LEVEL": "debug",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        }
    )
    assert settings.agent_models == {"research": "b.model"}
    assert settings.agents_folder == TASK_ROOT / "agents"
    assert settings.streaming is False
    assert (settings.connect_timeout_seconds, settings.read_timeout_seconds) == (2.5, 60)
    assert settings.usual_seconds == 20
    assert settings.tokens_per_minute == {"b.model": 1000, "c.model": "learn"}
    assert settings.budget_ceiling_usd == Decimal("1.50")
    assert (settings.prices["a.model"].output, settings.prices["a.model"].cache_write) == (Decimal(15), None)
    assert settings.model_settings == {"sagemaker/a": {"model": "m"}}
    assert settings.retry_initial_delay_seconds == 7
    assert (settings.service, settings.metrics_namespace, settings.log_level) == ("s", "n", "DEBUG")
    assert settings.memory_mb == 1024


def test_an_absolute_agents_folder_stands_as_it_is(tmp_path):
    assert read_settings({"AGENTS_FOLDER": str(tmp_path)}).agents_folder == tmp_path


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PIPELINE_NAME", "naïve"),
        ("AGENT_MODELS", "research"),
        ("AGENT_MODELS", '["research"]'),
        ("MODEL_STREAMING", "sometimes"),
        ("MODEL_READ_TIMEOUT_SECONDS", "0"),
        ("MODEL_READ_TIMEOUT_SECONDS", "nan"),
        ("MODEL_USUAL_SECONDS", "901"),
        ("TOKENS_PER_MINUTE", '{"a.model": 0}'),
        ("TOKENS_PER_MINUTE", '{"a.model": "fast"}'),
        ("MODEL_CONNECT_TIMEOUT_SECONDS", "soon"),
        ("BUDGET_CEILING_USD", "0"),
        ("BUDGET_CEILING_USD", "NaN"),
        ("MODEL_PRICES", '{"a.model": {"input": "3"}}'),
        ("MODEL_PRICES", '{"a.model": {"input": "-3", "output": "1"}}'),
        ("RETRY_INITIAL_DELAY_SECONDS", "0"),
        ("POWERTOOLS_LOG_LEVEL", "loud"),
    ],
)
def test_fails_when_a_variable_breaks_its_rule_and_names_it(variable: str, value: str):
    with pytest.raises(InvalidConfiguration) as refused:
        read_settings({variable: value})
    assert str(refused.value).startswith(variable)
    assert "\n" not in str(refused.value)
