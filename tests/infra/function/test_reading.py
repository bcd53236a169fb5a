"""Packaged tools by keyword: their permissions, their variables, what ships for them and what does not."""

import json
from typing import Any

import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from agent_workflow.agents import read_agents_and_boxes
from agent_workflow.settings import read_settings
from infra.durable_agent_pipeline import Documents, DurableAgentPipeline
from infra.durable_agent_pipeline.choices.props import PipelineProps
from infra.durable_agent_pipeline.package.inputs import package_of
from tests.infra.apps import new_stack


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "one.md").write_text("# One\n")
    return tmp_path / "papers"


def inside(**choices):
    return {name for _, name in package_of(PipelineProps(**choices)).sources}


def test_documents_of_a_folder_ship_with_the_code_that_reads_them_and_only_then(folder):
    without, given = inside(), inside(documents=Documents(folder=folder))
    assert not [name for name in without if name.startswith("research_tools/documents")]
    assert "research_tools/reading.py" in without
    assert {"agents/documents/one.md", "research_tools/documents/tools.py"} <= given
    assert "research_tools/documents/requirements.txt" in given
    assert without < given


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({}, "documents must have either folder or bucket, got neither"),
        ({"folder": "nowhere"}, "folder of documents must be a folder, got 'nowhere'"),
        ({"folder": ".", "prefix": "a/"}, "prefix of documents must come with bucket and end with \"/\", got 'a/'"),
    ],
)
def test_fails_when_documents_are_nowhere(choices, said):
    with pytest.raises(ValueError, match=said):
        Documents(**choices)


def made(**choices: Any) -> tuple[list[dict[str, Any]], dict[str, str], str]:
    """Statements of the role, variables and dashboard of a pipeline whose documents are in a bucket, if they are."""
    stack = new_stack("us-east-1")
    if "prefix" in choices:
        bucket = s3.Bucket.from_bucket_name(stack, "Papers", "papers")
        choices = {"documents": Documents(bucket=bucket, **choices)}
    DurableAgentPipeline(stack, "Pipeline", **choices)
    template = Template.from_stack(stack)
    policies = template.find_resources("AWS::IAM::Policy").values()
    statements = [one for policy in policies for one in policy["Properties"]["PolicyDocument"]["Statement"]]
    (function,) = template.find_resources("AWS::Lambda::Function").values()
    dashboard = json.dumps(template.find_resources("AWS::CloudWatch::Dashboard"))
    return statements, function["Properties"]["Environment"]["Variables"], dashboard


def test_documents_of_a_bucket_may_be_listed_and_read_below_their_prefix_and_nothing_else():
    plain, without, board = made()
    statements, variables, board_with = made(prefix="notes/", address="https://papers.example/")
    assert [one for one in statements if one not in plain] == [
        {
            "Action": "s3:ListBucket",
            "Condition": {"StringLike": {"s3:prefix": "notes/*"}},
            "Effect": "Allow",
            "Resource": "arn:aws:s3:::papers",
        },
        {"Action": "s3:GetObject", "Effect": "Allow", "Resource": "arn:aws:s3:::papers/notes/*"},
    ]
    settings = read_settings({name: value for name, value in variables.items() if isinstance(value, str)})
    assert settings.agent_tools == {"research": ["search_documents", "read_document"]}
    agents, boxes = read_agents_and_boxes(
        settings.agents_folder, more_settings=settings.tool_settings, more_tools=settings.agent_tools
    )
    assert agents[0].tools == ("search_documents", "read_document")
    assert (boxes["documents"].bucket, boxes["documents"].prefix) == ("papers", "notes/")
    assert not {"AGENT_TOOLS", "TOOL_SETTINGS"} & without.keys()
    assert "CitationsVerified" in board_with
    assert "CitationsVerified" not in board


def test_fails_when_a_tool_is_given_to_an_agent_that_is_none(folder):
    with pytest.raises(ValueError, match=r"agents of a tool must be agents of the pipeline .*, got 'reader'"):
        DurableAgentPipeline(new_stack(), "Pipeline", documents=Documents(folder=folder, agents=["reader"]))
