"""Stages synthesized once per test run: no validator, no bundling, no file outside the test's folder."""

import os

os.environ.setdefault(
    "CDK_VALIDATION", "false"
)  # jsii copies the environment when node starts: before aws_cdk is imported

import pytest
from aws_cdk.assertions import Template

from infra.stacks.pipeline_stack import PipelineStack
from infra.stacks.stages import STAGES, Stage
from tests.infra.apps import new_app


@pytest.fixture(params=STAGES, ids=lambda stage: stage.name)
def stage(request: pytest.FixtureRequest) -> Stage:
    assert isinstance(request.param, Stage)
    return request.param


@pytest.fixture(scope="session")
def templates() -> dict[str, Template]:
    app = new_app()
    stacks = {stage.name: PipelineStack(app, stage) for stage in STAGES}
    return {name: Template.from_stack(stack) for name, stack in stacks.items()}


@pytest.fixture
def template(stage: Stage, templates: dict[str, Template]) -> Template:
    return templates[stage.name]
