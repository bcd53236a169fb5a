"""Where the choices are shown: help, types, the page. All say what the groups' source says."""

import inspect
import pydoc
from dataclasses import MISSING, Field
from enum import Enum
from typing import Any, get_type_hints

import pytest
from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_

from infra.durable_agent_pipeline import DurableAgentPipeline, PipelineKeywords, PipelineProps
from infra.durable_agent_pipeline.choices.described import groups, with_choices
from infra.durable_agent_pipeline.choices.rules import spoken
from scripts.console.marked_block import block
from scripts.construct_page import agents_table
from scripts.construct_page.keywords import GROUPS, file_of, with_keywords
from scripts.construct_page.page import PAGE, page

CHOICES = {choice.name: choice for group in groups(PipelineProps) for choice in group.choices}


@pytest.mark.parametrize("shown", [DurableAgentPipeline, PipelineProps, PipelineKeywords])
def test_help_shows_every_choice_with_type_rule_and_default(shown):
    text = " ".join(pydoc.plain(pydoc.render_doc(shown)).replace("|", " ").split())
    for name in PipelineProps.__dataclass_fields__:
        choice = CHOICES[name]
        assert f"{name}: {' '.join(choice.kind.replace('|', ' ').split())} {choice.says[:40]}".rstrip() in text
        assert choice.default
    assert f"128 to 10,240. Default: {PipelineProps().memory_size}." in text


def test_every_choice_is_a_keyword_of_the_same_type_and_the_other_way_round():
    assert get_type_hints(PipelineKeywords) == get_type_hints(PipelineProps)
    assert CHOICES.keys() == PipelineProps.__dataclass_fields__.keys()


@pytest.mark.parametrize("group", GROUPS)
def test_the_typed_keywords_are_those_that_the_command_writes(group):
    text = file_of(group).read_text(encoding="utf-8")
    assert with_keywords(group) == text, "run scripts/construct_page.py --write"


def test_the_page_is_what_the_command_writes():
    assert PAGE.read_text(encoding="utf-8") == page(), "run scripts/construct_page.py --write"


def test_the_table_of_agents_toml_is_what_the_command_writes():
    shown = block(agents_table.PAGE, agents_table.BEGIN, agents_table.END)
    assert shown == agents_table.table(), "run scripts/construct_page.py --write"
    assert "| `limits.turns` | a whole number between 1 and 1000 | " in shown


def test_without_the_source_the_documentation_stays_as_it_is(monkeypatch, tmp_path):
    monkeypatch.setattr(inspect, "getfile", lambda _: str(tmp_path / "gone.py"))
    groups.cache_clear()
    assert with_choices("One line.", PipelineProps) == "One line.\n"
    groups.cache_clear()


@pytest.mark.parametrize("name", PipelineProps.__dataclass_fields__)
def test_a_default_that_is_a_plain_value_is_the_one_that_the_text_names(name):
    said = CHOICES[name].default
    default = _word(PipelineProps.__dataclass_fields__[name])
    assert said.startswith(default)
    assert not said.startswith("None")


def _word(field: Field[Any]) -> str:
    """How the text has to begin; nothing where the default is described in words."""
    default = field.default_factory() if field.default_factory is not MISSING else field.default
    if isinstance(default, Duration):
        return spoken(default)
    if isinstance(default, Enum):
        return default.name
    if isinstance(default, bool | int) or default == "INFO":
        return str(default)
    if isinstance(default, lambda_.Architecture | lambda_.Runtime):
        kind = type(default)
        return next(
            name for name in dir(kind) if name.isupper() and getattr(getattr(kind, name), "name", None) == default.name
        )
    return ""
