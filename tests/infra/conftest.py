"""Stages synthesized once per test run: no validator, no bundling, no file outside the test's folder."""

import os

os.environ.setdefault(
    "CDK_VALIDATION", "false"
)  # jsii copies the environment when node starts: before aws_cdk is imported
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from infra.durable_agent_pipeline import DurableAgentPipeline
from infra.stacks.pipeline_stack import PipelineStack
from infra.stacks.stages import STAGES, Stage

FLAGS = json.loads((Path(__file__).parents[2] / "cdk.json").read_text(encoding="utf-8"))["context"]
NO_BUNDLING: dict[str, object] = {"aws:cdk:bundling-stacks": []}


def new_app(outdir: Path | None = None, **context: object) -> App:
    return App(context={**FLAGS, **NO_BUNDLING, **context}, outdir=str(outdir) if outdir else None)


@pytest.fixture(scope="session", params=STAGES, ids=lambda stage: stage.name)
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


@pytest.fixture
def pipeline() -> Callable[..., DurableAgentPipeline]:
    """Build a pipeline in a stack of its own."""

    def build(**choices: object) -> DurableAgentPipeline:
        return DurableAgentPipeline(Stack(new_app(), "Stack"), "Pipeline", **choices)  # type: ignore[arg-type]

    return build
