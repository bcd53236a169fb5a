"""The example apps as their authors would run them: app.py in its own folder, as `durable_agent_pipeline`."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.durable_agent_pipeline import DurableAgentPipeline
from infra.durable_agent_pipeline.choices.props import PipelineProps
from infra.durable_agent_pipeline.package.inputs import package_of
from scripts.run_local.own_agents import check_agents
from tests.infra.apps import NO_BUNDLING, ROOT, new_stack

EXAMPLES = ROOT / "docs" / "examples"
NAMES = ("two_agents", "five_agents", "own_flow")
# What an author adds for a check of their own, and a stack that must be found at fault, or the check checks nothing.
WITH_RULE_PACKS = """
import runpy
import aws_cdk
from aws_cdk import aws_sqs
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

synth = aws_cdk.App.synth

def checked(app, **choices):
    aws_sqs.Queue(aws_cdk.Stack(app, "Control"), "Careless")
    aws_cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    try:
        return synth(app, **choices)
    except RuntimeError as error:
        assert "ValidationFailed" in str(error)

aws_cdk.App.synth = checked
runpy.run_path("app.py", run_name="__main__")
"""


@dataclass(frozen=True)
class Synthesized:
    """What one run of an example's app.py wrote."""

    name: str
    resources: dict[str, Any]
    outputs: dict[str, Any]
    reports: list[dict[str, Any]]
    metadata: str

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [found["Properties"] for found in self.resources.values() if found["Type"] == kind]

    @property
    def agents(self) -> list[dict[str, Any]]:
        return declared(self.name)

    @property
    def environment(self) -> dict[str, Any]:
        (function,) = self.of_type("AWS::Lambda::Function")
        return dict(function["Environment"]["Variables"])


def declared(name: str) -> list[dict[str, Any]]:
    text = (EXAMPLES / name / "agents" / "agents.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["agents"])


def start(folder: Path, output: Path) -> "subprocess.CompletedProcess[str]":
    context = json.loads((folder / "cdk.json").read_text(encoding="utf-8"))["context"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "infra"),  # where the wheel's package lies in a checkout
        "CDK_OUTDIR": str(output),
        "CDK_CONTEXT_JSON": json.dumps({**context, **NO_BUNDLING}),  # as the CLI passes cdk.json
    }
    command = [sys.executable, "-c", WITH_RULE_PACKS]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Synthesized]:
    return {name: result_of(name, tmp_path_factory.mktemp(name)) for name in NAMES}


def result_of(name: str, output: Path) -> Synthesized:
    done = start(EXAMPLES / name, output)
    assert done.returncode == 0, done.stderr
    (template,) = [file for file in output.glob("*.template.json") if file.name != "Control.template.json"]
    document = json.loads(template.read_text(encoding="utf-8"))
    report = json.loads((output / "validation-report.json").read_text(encoding="utf-8"))
    metadata = template.with_name(template.name.replace("template", "metadata")).read_text(encoding="utf-8")
    return Synthesized(name, document["Resources"], document["Outputs"], report["pluginReports"], metadata)


@pytest.fixture(params=NAMES)
def example(request: pytest.FixtureRequest, synthesized: dict[str, Synthesized]) -> Synthesized:
    return synthesized[request.param]


def test_it_is_nag_clean_and_warns_of_nothing(example: Synthesized):
    found = {
        (report["pluginName"], construct["constructPath"])
        for report in example.reports
        for violation in report["violations"]
        for construct in violation["violatingConstructs"]
    }
    control = "Control/Careless/Resource"
    assert found == {("AwsSolutions", control), ("Serverless", control)}
    assert '"PipelineFunction' in example.metadata
    assert "aws:cdk:warning" not in example.metadata


def test_the_function_reads_the_authors_agents(example: Synthesized):
    assert example.environment["AGENTS_FOLDER"] == "agents"


def test_every_model_has_a_price(example: Synthesized):
    prices = json.loads(example.environment["MODEL_PRICES"])
    assert set(prices) == {agent["model"] for agent in example.agents}


def test_bedrock_is_allowed_for_exactly_the_declared_models(example: Synthesized):
    resources = json.dumps(
        [
            statement["Resource"]
            for policy in policies(example)
            for statement in policy["Statement"]
            if "bedrock" in str(statement["Action"])
        ]
    )
    assert models_in(resources, "inference-profile") == {
        agent["model"] for agent in example.agents if geography(agent["model"])
    }
    assert models_in(resources, "foundation-model") == {
        agent["model"].removeprefix(f"{geography(agent['model'])}.") for agent in example.agents
    }
    assert '"*"' not in resources


def policies(example: Synthesized) -> list[dict[str, Any]]:
    inline = [policy for role in example.of_type("AWS::IAM::Role") for policy in role.get("Policies", [])]
    return [policy["PolicyDocument"] for policy in (*inline, *example.of_type("AWS::IAM::Policy"))]


def geography(model: str) -> str:
    prefix = model.partition(".")[0]
    return prefix if prefix in ("us", "global") else ""


def models_in(resources: str, kind: str) -> set[str]:
    """Ids behind `kind/` in the text of a policy."""
    return {part.split('"')[0] for part in resources.split(f"{kind}/")[1:]}


@pytest.mark.parametrize("metric", ["AgentDuration", "CostUSD", "SavedUSD", "InputTokens", "OutputTokens", "ToolCalls"])
def test_the_dashboard_has_a_line_for_every_agent(example: Synthesized, metric: str):
    shown = [line for widget in widgets(example) for line in widget["properties"].get("metrics", [])]
    of_metric = [line for line in shown if line[1:2] == [metric] and "Agent" in line]
    assert [line[line.index("Agent") + 1] for line in of_metric] == [agent["name"] for agent in example.agents]


def widgets(example: Synthesized) -> list[dict[str, Any]]:
    (board,) = example.of_type("AWS::CloudWatch::Dashboard")
    parts = board["DashboardBody"]["Fn::Join"][1]
    body = "".join(part if isinstance(part, str) else "known-at-deployment" for part in parts)
    return list(json.loads(body)["widgets"])


def test_the_alias_is_an_output(example: Synthesized):
    (alias,) = [name for name, found in example.resources.items() if found["Type"] == "AWS::Lambda::Alias"]
    assert example.outputs["AliasArn"]["Value"] == {"Ref": alias}


def test_the_tool_that_asks_may_publish_to_the_topic_of_questions_and_knows_it(synthesized: dict[str, Synthesized]):
    example = synthesized["five_agents"]
    (topic,) = [
        name
        for name, found in example.resources.items()
        if found["Type"] == "AWS::SNS::Topic" and "manager" in found["Properties"]["DisplayName"]
    ]
    assert example.environment["QUESTIONS_TOPIC_ARN"] == {"Ref": topic}
    publishing = [
        statement["Resource"]
        for policy in policies(example)
        for statement in policy["Statement"]
        if statement["Action"] == "sns:Publish" and statement["Effect"] == "Allow"
    ]
    assert publishing == [{"Ref": topic}]


def test_a_flow_of_its_own_is_at_most_40_lines_is_bounded_and_reviewed(synthesized: dict[str, Synthesized]):
    example = synthesized["own_flow"]
    assert len((EXAMPLES / "own_flow" / "agents" / "flow.py").read_text(encoding="utf-8").splitlines()) <= 40
    assert "one execution takes at most" in example.metadata
    assert json.loads(example.environment["REVIEW"])["max_rounds"] == 2


def test_the_package_holds_the_tools_their_data_and_their_packages():
    package = package_of(PipelineProps(agents=EXAMPLES / "five_agents" / "agents"))
    inside = {path for _, path in package.sources}
    assert {f"agents/{file}" for file in ("tools.py", "terms.json", "requirements.txt", "prompts/review.md")} <= inside
    assert not package.prune


# Folders that break a rule. Each case: how, and what the construct, the command and the function all say of it.

Breaking = Callable[[Path], None]


def replaced(old: str, new: str) -> Breaking:
    def change(folder: Path) -> None:
        file = folder / "agents.toml"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


BROKEN: dict[str, tuple[Breaking, tuple[str, ...]]] = {
    "a cycle": (replaced('["query"]', '["review"]'), ("inputs must name what comes", "(query)", "got 'review'")),
    "a later input": (replaced('["facts"]', '["letter"]'), ("inputs must name what comes", "got 'letter'")),
    "its own text as input": (replaced('["facts"]', '["terms"]'), ("inputs must name what comes", "got 'terms'")),
    "no such input": (replaced('["facts"]', '["fact"]'), ("inputs must name what comes", "got 'fact'")),
    "a name twice": (replaced('name = "letter"', 'name = "facts"'), ("name must be none of", "got 'facts'")),
    "a name of the result: query": (replaced('"facts"', '"query"'), ("name must be none of", "got 'query'")),
    "a name of the result: status": (replaced('"facts"', '"status"'), ("name must be none of", "got 'status'")),
    "a name of the result: report": (replaced('"facts"', '"report"'), ("name must be none of", "got 'report'")),
    "a name of the result: usage": (replaced('"facts"', '"usage"'), ("name must be none of", "got 'usage'")),
    "no prompt": (lambda folder: (folder / "prompts" / "letter.md").unlink(), ("prompt", "letter.md")),
    "a blank prompt": (lambda folder: empty(folder / "prompts" / "letter.md"), ("prompt", "letter.md")),
    "no such tool": (replaced('["ask_manager"]', '["ask_boss"]'), ("in tools.py, got 'ask_boss'",)),
    "no tools.py": (lambda folder: (folder / "tools.py").unlink(), ("tools.py beside agents.toml, got none",)),
    "an unknown field": (replaced("temperature", "temprature"), ("temprature",)),
    "an unknown limit": (replaced("total_tokens", "tokens"), ("tokens",)),
    "a word for a number": (replaced("turns = 4", 'turns = "four"'), ("turns", "got 'four'")),
    "no agents.toml": (lambda folder: (folder / "agents.toml").unlink(), ("agents.toml, got",)),
    "not TOML": (
        lambda folder: empty(folder / "agents.toml", "[[agents"),
        ("agents.toml must be valid TOML in UTF-8",),
    ),
}


def empty(file: Path, text: str = " \n") -> None:
    file.write_text(text, encoding="utf-8")


@pytest.fixture(params=BROKEN)
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, tuple[str, ...]]:
    folder = tmp_path / "agents"
    shutil.copytree(EXAMPLES / "five_agents" / "agents", folder, ignore=shutil.ignore_patterns("__pycache__"))
    breaking, said = BROKEN[request.param]
    breaking(folder)
    return folder, said


def test_fails_when_a_folder_breaks_a_rule_in_the_construct(broken: tuple[Path, tuple[str, ...]]):
    folder, said = broken
    with pytest.raises(ValueError, match=r".") as refused:
        DurableAgentPipeline(new_stack(), "Pipeline", agents=folder)
    assert all(words in str(refused.value) for words in said), refused.value


def test_fails_when_a_folder_breaks_a_rule_in_the_function_and_in_the_command(broken: tuple[Path, tuple[str, ...]]):
    folder, said = broken
    with pytest.raises(ValueError, match=r".") as refused:
        check_agents(folder)  # the function's own reading, with which run_local begins
    assert all(words in str(refused.value) for words in said), refused.value
    assert "\n" not in str(refused.value)
