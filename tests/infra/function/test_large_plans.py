"""As many agents as there may be, with models of every kind: the environment stays within Lambda's 4 KB."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_bedrock as bedrock
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from agent_workflow.settings import Settings, read_settings
from infra.durable_agent_pipeline import DurableAgentPipeline
from infra.durable_agent_pipeline.function.environment import LIMIT_BYTES
from infra.durable_agent_pipeline.names import FILE_NAME
from infra.durable_agent_pipeline.package.inputs import Package
from tests.infra.apps import ACCOUNT, FLAGS, NO_BUNDLING, properties

COUNT = 32
NAMES = [f"agent-with-a-rather-long-name-{number:02}" for number in range(COUNT)]
SONNET = "anthropic.claude-sonnet-4-6"


@pytest.fixture
def agents(tmp_path: Path) -> Path:
    folder = tmp_path / "agents"
    (folder / "prompts").mkdir(parents=True)
    tables = []
    for number, name in enumerate(NAMES):
        inputs = ["query"] if number == 0 else [NAMES[number - 1]]
        tables.append(
            f'[[agents]]\nname = "{name}"\ninputs = {json.dumps(inputs)}\nmodel = "us.{SONNET}"\nmax_tokens = 100\n'
        )
        (folder / "prompts" / f"{name}.md").write_text("Work.", encoding="utf-8")
    (folder / "agents.toml").write_text("\n".join(tables), encoding="utf-8")
    assert len(tomllib.loads((folder / "agents.toml").read_text(encoding="utf-8"))["agents"]) == COUNT
    return folder


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> list[Package]:
    """Every package that an app asks for."""
    from infra.durable_agent_pipeline.package import code, inputs

    asked: list[Package] = []
    original = inputs.package_of

    def package_of(*args: Any, **choices: Any) -> Package:
        asked.append(original(*args, **choices))
        return asked[-1]

    monkeypatch.setattr(code, "package_of", package_of)
    return asked


def stack_of() -> Stack:
    app = App(context={**FLAGS, **NO_BUNDLING})
    return Stack(app, "Stack", env=Environment(account=ACCOUNT, region="us-east-1"))


def variables(stack: Stack) -> dict[str, str]:
    """As deployed: every token in the place of which CloudFormation writes something."""
    found = properties(Template.from_stack(stack), "AWS::Lambda::Function")["Environment"]["Variables"]
    return {name: written(value) for name, value in found.items()}


def written(value: Any) -> str:
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        return "".join(map(written, value["Fn::Join"][1]))
    if "Fn::GetAtt" in value:
        resource, attribute = value["Fn::GetAtt"]
        short = f"{int(resource.removeprefix('Profile')):012d}"
        arn = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile/{short}"
        return {"InferenceProfileId": short, "InferenceProfileArn": arn}[attribute]
    return "b" * 63


def as_the_lambda_reads(given: dict[str, str], package: Package, tmp_path: Path, monkeypatch: Any) -> Settings:
    from agent_workflow import settings

    for inside, text in package.added:
        (tmp_path / inside).write_text(text, encoding="utf-8")
    monkeypatch.setattr(settings, "TASK_ROOT", tmp_path)
    return read_settings(given)


def size(given: dict[str, str]) -> int:
    return sum(len(name.encode()) + len(value.encode()) for name, value in given.items())


def profile(stack: Stack, number: int) -> bedrock.CfnApplicationInferenceProfile:
    source = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/us.{SONNET}"
    return bedrock.CfnApplicationInferenceProfile(
        stack,
        f"Profile{number}",
        inference_profile_name=f"p{number}",
        model_source=bedrock.CfnApplicationInferenceProfile.InferenceProfileModelSourceProperty(copy_from=source),
    )


def test_agents_of_one_model_keep_everything_in_the_environment(agents, packages):
    stack = stack_of()
    DurableAgentPipeline(stack, "Pipeline", agents=agents)
    given = variables(stack)
    assert set(json.loads(given["MODEL_PRICES"])) == {f"us.{SONNET}"}
    assert [package.added for package in packages] == [()]


def test_a_model_of_its_own_for_each_agent_goes_into_the_package(agents, packages, tmp_path, monkeypatch):
    stack = stack_of()
    base = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile"
    chosen = {name: f"{base}/{number:012d}" for number, name in enumerate(NAMES)}
    sources = dict.fromkeys(chosen.values(), f"us.{SONNET}")
    DurableAgentPipeline(stack, "Pipeline", agents=agents, models=chosen, application_profiles=sources)
    given = variables(stack)
    assert size(given) <= LIMIT_BYTES
    (package,) = packages
    settings = as_the_lambda_reads(given, package, tmp_path, monkeypatch)
    assert settings.agent_models == chosen
    assert {str(settings.prices[arn].output) for arn in chosen.values()} == {"16.5"}


def test_profiles_of_this_stack_are_told_apart_from_their_short_ids(agents, packages, tmp_path, monkeypatch):
    stack = stack_of()
    chosen = {name: profile(stack, number) for number, name in enumerate(NAMES)}
    DurableAgentPipeline(stack, "Pipeline", agents=agents, models=chosen)
    given = variables(stack)
    assert size(given) <= LIMIT_BYTES
    (package,) = packages
    settings = as_the_lambda_reads(given, package, tmp_path, monkeypatch)
    base = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:application-inference-profile"
    assert settings.agent_models == {name: f"{base}/{number:012d}" for number, name in enumerate(NAMES)}
    assert {str(settings.prices[arn].output) for arn in settings.agent_models.values()} == {"16.5"}


def test_the_roles_policies_stay_within_what_iam_allows(agents):
    stack = stack_of()
    chosen = {name: profile(stack, number) for number, name in enumerate(NAMES)}
    DurableAgentPipeline(stack, "Pipeline", agents=agents, models=chosen)
    template = Template.from_stack(stack)
    role = properties(template, "AWS::Lambda::Function")["Role"]["Fn::GetAtt"][0]
    inline = [
        json.dumps(policy["Properties"]["PolicyDocument"], separators=(",", ":"))
        for policy in template.find_resources("AWS::IAM::Policy").values()
        if {"Ref": role} in policy["Properties"]["Roles"]
    ]
    assert sum(map(len, inline)) <= 10_240, sum(map(len, inline))


def test_another_price_is_another_package_and_the_same_price_the_same(agents, packages):
    for output in ("15", "15", "16"):
        stack = stack_of()
        chosen = {name: f"acme.model-of-{name}" for name in NAMES}
        prices = {model: {"input": "3", "output": output} for model in chosen.values()}
        DurableAgentPipeline(stack, "Pipeline", agents=agents, models=chosen, prices=prices)
        assert variables(stack)["DEPLOYMENT_FILE"] == FILE_NAME
    first, second, third = (package.digest for package in packages)
    assert first == second != third
    assert len({package.build_digest for package in packages}) == 1


def test_fails_when_the_callers_own_variables_leave_no_room():
    with pytest.raises(ValueError, match="environment must fit into the 4096 bytes that Lambda allows, got about"):
        DurableAgentPipeline(stack_of(), "Pipeline", environment={"TABLE": "x" * 4000})


def test_the_runtime_is_the_functions_whatever_the_package_holds(agents, packages):
    DurableAgentPipeline(stack_of(), "Pipeline", agents=agents, runtime=lambda_.Runtime.PYTHON_3_14)
    assert [package.python for package in packages] == ["3.14"]
