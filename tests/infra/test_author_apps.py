"""Apps as other authors write them: each synthesizes clean, or is refused in one line."""

import json
import runpy
from pathlib import Path

import pytest
from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from infra.durable_agent_pipeline.event_rules import FIELDS, QUERIES
from tests.infra.apps import new_app

FOLDER = Path(__file__).parent / "author_apps"

REFUSED = {
    "cn": "the stack's Region must offer Amazon Bedrock, got cn-north-1",
    "key_other_region": "encryption_key must be of the stack's Region us-east-1, got a key of eu-west-1",
    "queue_plain": "visibility_timeout of the queue must be at least timeout and execution_timeout",
    "schedule_mistyped": f"event must have only the fields {', '.join((*FIELDS, QUERIES))}, got 'budget'",
}
WARNED = {
    "vpc_isolated": ["vpc needs endpoints for bedrock-runtime, lambda"],
    "key_imported": ["its policy must let lambda, logs, cloudwatch, events use it"],
    "own_imported": ["the role cannot be changed here", "alarm_topic is not of this app"],
}
APPS = sorted(file.stem for file in FOLDER.glob("*.py"))


def build(name: str, app: App) -> None:
    runpy.run_path(str(FOLDER / f"{name}.py"))["build"](app)


def findings(folder: Path) -> list[tuple[str, str]]:
    """What the rule packs find in the pipeline itself; an author's own resources are theirs to judge."""
    reports = json.loads((folder / "validation-report.json").read_text(encoding="utf-8"))["pluginReports"]
    return [
        (violation["ruleName"], construct["constructPath"])
        for one in reports
        for violation in one["violations"]
        for construct in violation["violatingConstructs"]
        if "/Pipeline/" in construct["constructPath"]
    ]


def warnings(folder: Path) -> set[str]:
    """The warnings of every stack, nested stages included."""
    entries = [
        entry
        for file in folder.rglob("*.metadata.json")
        for path, found in json.loads(file.read_text(encoding="utf-8")).items()
        if "/Pipeline" in path
        for entry in found
    ]
    return {str(entry["data"]) for entry in entries if entry["type"] == "aws:cdk:warning"}


@pytest.mark.parametrize("name", [name for name in APPS if name not in REFUSED])
def test_it_synthesizes_clean(name, tmp_path):
    app = new_app(tmp_path)
    build(name, app)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        assert "ValidationFailed" in str(error)  # noqa: PT017 - the findings are in the report
    assert findings(tmp_path) == []
    expected = WARNED.get(name, [])
    found = warnings(tmp_path)
    assert len(found) == len(expected), found
    assert all(any(text in warning for warning in found) for text in expected), found
    assert list(tmp_path.rglob("*.template.json"))


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_it_is_refused_in_one_line(name):
    with pytest.raises(ValueError, match=r".") as refused:
        build(name, new_app())
    assert str(refused.value).startswith(REFUSED[name])
    assert "\n" not in str(refused.value)
