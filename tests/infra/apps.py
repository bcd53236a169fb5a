"""Apps and stacks for the tests: the repository's feature flags, no bundling."""

import json
from pathlib import Path
from typing import Any

from aws_cdk import App, Environment, Stack
from aws_cdk.assertions import Template

from infra.durable_agent_pipeline import DurableAgentPipeline
from infra.durable_agent_pipeline.agents.declaration import read_agents
from infra.durable_agent_pipeline.package.lambda_source import lambda_source

ROOT = Path(__file__).parents[2]
FLAGS = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
NO_BUNDLING: dict[str, object] = {"aws:cdk:bundling-stacks": []}
ACCOUNT = "111111111111"
PACKAGED_AGENTS = tuple(agent.name for agent in read_agents(lambda_source() / "agents"))


def new_app(outdir: Path | None = None, **context: object) -> App:
    return App(context={**FLAGS, **NO_BUNDLING, **context}, outdir=str(outdir) if outdir else None)


def new_stack(region: str | None = None) -> Stack:
    """A stack of its own app; without a Region it is environment-agnostic."""
    return Stack(new_app(), "Stack", env=Environment(account=ACCOUNT, region=region) if region else None)


def template_of(**choices: Any) -> Template:
    """The template of one pipeline with these choices."""
    stack = new_stack()
    DurableAgentPipeline(stack, "Pipeline", **choices)
    return Template.from_stack(stack)


def the_only(template: Template, resource_type: str) -> dict[str, Any]:
    """The one resource of a type."""
    found = template.find_resources(resource_type)
    assert len(found) == 1, f"{resource_type}: {list(found)}"
    return dict(*found.values())


def durable_function(template: Template) -> dict[str, Any]:
    """The properties of the durable function; CDK may bring functions of its own."""
    (found,) = template.find_resources("AWS::Lambda::Function", {"Properties": {"DurableConfig": {}}}).values()
    return dict(found["Properties"])


def properties(template: Template, resource_type: str) -> dict[str, Any]:
    """The properties of the one resource of a type."""
    return dict(the_only(template, resource_type)["Properties"])
