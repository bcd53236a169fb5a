"""What is chosen for prompts to be cached, and what is refused because no model would take it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import declare_clerk
from tests.infra.apps import ACCOUNT, properties, template_of

MODEL = "global.anthropic.claude-sonnet-4-6"


def variables(**choices: Any) -> dict[str, Any]:
    return dict(properties(template_of(**choices), "AWS::Lambda::Function")["Environment"]["Variables"])


def test_prompts_are_cached_for_five_minutes_unless_chosen():
    assert "PROMPT_CACHE" not in variables()
    assert variables(prompt_cache="off")["PROMPT_CACHE"] == "off"


def test_a_cache_for_an_hour_is_priced_as_one():
    found = variables(prompt_cache="1h")
    price = json.loads(found["MODEL_PRICES"])[MODEL]
    assert (found["PROMPT_CACHE"], price["cache_read"], price["cache_write"]) == ("1h", "0.3", "6")


def test_fails_when_prompts_are_to_be_cached_for_another_time():
    with pytest.raises(ValueError, match="prompt_cache must be one of 5m, 1h, off, got '2h'"):
        template_of(prompt_cache="2h")


def searching(folder: Path, model: str, more: str = "") -> Path:
    """An agents folder whose one agent has a tool."""
    declare_clerk(folder, "key")
    file = folder / "agents.toml"
    file.write_text(file.read_text().replace("a.model", model) + more)
    return folder


def test_fails_when_a_model_does_not_cache_for_so_long(tmp_path):
    agents = searching(tmp_path, "us.anthropic.claude-opus-4-1-20250805-v1:0")
    with pytest.raises(ValueError, match=r"agent 'clerk': prompt_cache must be 5m or off for 'us\..*', got '1h'"):
        template_of(agents=agents, prompt_cache="1h")


def test_fails_when_an_agent_asks_for_a_cache_that_its_model_has_not(tmp_path):
    agents = searching(tmp_path, "amazon.nova-pro-v1:0", "prompt_cache = true\n")
    with pytest.raises(ValueError, match=r"agent 'clerk': prompt_cache must be left out for a model that caches no "):
        template_of(agents=agents)


def test_a_model_without_a_cache_goes_without(tmp_path):
    assert "PROMPT_CACHE" not in variables(agents=searching(tmp_path, "amazon.nova-pro-v1:0"))


def test_the_model_behind_an_application_profile_is_told_with_its_price(tmp_path):
    arn = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/abc"
    profiles = {"application_profiles": {arn: MODEL}, "models": {"clerk": arn}}
    found = variables(agents=searching(tmp_path, MODEL), **profiles)
    assert json.loads(found["MODEL_PRICES"])[arn]["foundation"] == "anthropic.claude-sonnet-4-6"
