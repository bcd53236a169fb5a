"""app.py: the same templates every time, everywhere, and nothing that a linter does not understand."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cloudformation_validate  # type: ignore[import-untyped]
import pytest
from aws_cdk.assertions import Template

from infra.stacks.stages import STAGES
from tests.infra.apps import ROOT

# Findings that are explained in docs/security.md, "Linters".
EXPLAINED_BY_CFN_LINT = {"W3005", "I1022"}
EXPLAINED_BY_CLOUDFORMATION_VALIDATE = {"W3005", "I1022", "I4010", "I9001"}


def synthesize(root: Path, outdir: Path) -> dict[str, bytes]:
    """Run app.py as a user does, but without bundling or the built-in validator."""
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(outdir),
        "CDK_VALIDATION": "false",
        "CDK_CONTEXT_JSON": json.dumps({"aws:cdk:bundling-stacks": []}),
    }
    del environment["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"]
    done = subprocess.run(
        [sys.executable, str(root / "app.py")],
        env=environment,
        cwd=outdir.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "end-of-life" not in done.stderr, "app.py has to keep jsii's banner about an old Node away"
    return {file.name: file.read_bytes() for file in sorted(outdir.glob("*.template.json"))}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return synthesize(ROOT, tmp_path_factory.mktemp("first") / "out")


def test_plain_python_writes_a_stack_for_each_stage_without_the_cli(first):
    assert list(first) == sorted(f"DurableAgentPipeline-{stage.name}.template.json" for stage in STAGES)


def test_another_folder_gives_identical_templates(first, tmp_path):
    for part in ("infra", "lambda_src"):
        shutil.copytree(ROOT / part, tmp_path / "clone" / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("app.py", "cdk.json"):
        shutil.copy(ROOT / part, tmp_path / "clone" / part)
    assert synthesize(tmp_path / "clone", tmp_path / "out") == first


def test_the_default_environment_names_no_account_or_region(first):
    assert all(b"AWS::Region" in template and b"us-east-1:1" not in template for template in first.values())


def test_without_node_synth_ends_in_one_line(tmp_path):
    environment = {"PATH": str(tmp_path), "JSII_NODE": str(tmp_path / "node")}
    command = [sys.executable, str(ROOT / "app.py")]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "app.py: synth needs Node 22 or newer on PATH, or its path in JSII_NODE, found none\n"


def test_app_py_is_at_most_40_lines():
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) <= 40


def test_cfn_lint_finds_nothing_unexplained(first, tmp_path):
    for name, template in first.items():
        (tmp_path / name).write_bytes(template)
    files = [str(tmp_path / name) for name in first]
    linter = Path(sys.executable).with_name("cfn-lint")
    command = [str(linter), "--format", "json", "--include-checks", "I", "--", *files]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    assert {finding["Rule"]["Id"] for finding in found} - EXPLAINED_BY_CFN_LINT == set(), found


def test_cloudformation_validate_finds_nothing_unexplained(first):
    engine = cloudformation_validate.RegoEngine()
    found: list[Any] = []
    for name, template in first.items():
        content = cloudformation_validate.TemplateContent(content=template.decode(), name=name)
        found += engine.validate_template(content).diagnostics
    assert {finding.rule_id for finding in found} - EXPLAINED_BY_CLOUDFORMATION_VALIDATE == set(), found


def test_the_ids_of_what_must_not_be_replaced_are_stable(template: Template):
    kept = {
        "AWS::Lambda::Function": "PipelineFunction478EC3AB",
        "AWS::Lambda::Alias": "PipelineLiveD41975CD",
        "AWS::S3::Bucket": "PipelineLargeResults2D4F0A58",
        "AWS::SQS::Queue": "PipelineDeadLetters68B5256A",
        "AWS::Logs::LogGroup": "PipelineLogs402221E7",
        "AWS::SNS::Topic": "PipelineAlarmTopicD2AEE5E8",
    }
    assert {kind: name for kind, name in kept.items() if name not in template.find_resources(kind)} == {}
