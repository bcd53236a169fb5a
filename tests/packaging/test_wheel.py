"""The wheel: built from the sdist, installed elsewhere, imported in ten lines, the same asset as the checkout's."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.programs import run

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FOREIGN_APP = """
import aws_cdk as cdk
import cdk_nag
from durable_agent_pipeline import DurableAgentPipeline

app = cdk.App()
cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app), cdk_nag.ServerlessChecks(app))
stack = cdk.Stack(app, "Foreign")
DurableAgentPipeline(stack, "Pipeline")
app.synth()
"""
CHECKOUT_APP = FOREIGN_APP.replace("from durable_agent_pipeline", "from infra.durable_agent_pipeline")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built in a copy, so that no build folder or half-written file of the checkout gets in."""
    clone = tmp_path_factory.mktemp("clone")
    for name in ("infra", "lambda_src"):
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.iterdir():
        if file.suffix in {".toml", ".md"} or file.name in {"LICENSE", ".gitignore"}:
            shutil.copy(file, clone)
    run(sys.executable, "-m", "build", "--outdir", clone / "dist", cwd=clone)
    (built,) = (clone / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel, and cdk-nag as its author would add it."""
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "uv", "venv", "-q", "--python", sys.executable, folder, cwd=folder.parent)
    made = folder / "bin" / "python"
    run(sys.executable, "-m", "uv", "pip", "install", "-q", "--python", made, wheel, "cdk-nag", cwd=folder.parent)
    return made


def synthesize(python: Path | str, app: str, folder: Path, **environment: str) -> tuple[dict[str, object], str]:
    """The template and the asset's hash that an app in this folder makes, nothing bundled."""
    (folder / "app.py").write_text(app, encoding="utf-8")
    skip = json.dumps({"aws:cdk:bundling-stacks": []})
    choices: dict[str, Any] = {"CDK_OUTDIR": str(folder / "out"), "CDK_CONTEXT_JSON": skip, **environment}
    run(python, "app.py", cwd=folder, **choices)
    template = json.loads((folder / "out" / "Foreign.template.json").read_text(encoding="utf-8"))
    (function,) = [r for r in template["Resources"].values() if r["Type"] == "AWS::Lambda::Function"]
    return template, function["Properties"]["Code"]["S3Key"]


def test_the_wheel_holds_the_construct_its_types_and_the_lambda(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = ("py.typed", "pipeline.py", "lambda_src/handler.py", "lambda_src/requirements.txt")
    assert {f"durable_agent_pipeline/{name}" for name in wanted} <= names
    assert not [name for name in names if name.endswith(".pyc") or "infra/stacks" in name or name.startswith("infra/")]


def test_what_a_package_index_shows_has_no_link_into_the_repository(wheel):
    archive = zipfile.ZipFile(wheel)
    (about,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    shown = archive.read(about).decode()
    assert "pipeline.grant_invoke" in shown
    assert [target for target in re.findall(r"\]\(([^)]*)\)", shown) if not target.startswith("https://")] == []


def test_ten_foreign_lines_make_a_nag_clean_template(python, tmp_path):
    assert len(FOREIGN_APP.strip().splitlines()) <= 10
    template, _ = synthesize(python, FOREIGN_APP, tmp_path)
    assert "AWS::Lambda::Alias" in {r["Type"] for r in template["Resources"].values()}  # type: ignore[attr-defined]


def test_the_wheel_and_the_checkout_give_the_same_template_and_asset(python, tmp_path):
    (tmp_path / "wheel").mkdir()
    (tmp_path / "checkout").mkdir()
    # both see the same tools: whether byte code is included depends on the Pythons at hand
    from_wheel = synthesize(python, FOREIGN_APP, tmp_path / "wheel")
    from_checkout = synthesize(sys.executable, CHECKOUT_APP, tmp_path / "checkout", PYTHONPATH=str(ROOT))
    assert from_wheel[1] == from_checkout[1]
    assert from_wheel[0] == from_checkout[0]


def test_a_flow_of_ones_own_is_drawn_and_tested_without_the_lambdas_packages(python, tmp_path):
    shutil.copytree(ROOT / "docs" / "examples" / "own_flow", tmp_path / "own_flow")
    flow = "import test_flow as t; t.test_large_news_goes_to_and_fro_until_the_critic_has_it_printed()"
    drawn = "from durable_agent_pipeline.agents.flow_bounds import diagram; print(diagram(t.AGENTS))"
    shown = run(python, "-c", f"{flow}; {drawn}", cwd=tmp_path / "own_flow")
    assert shown.startswith("flowchart TD")


def test_nothing_of_this_repository_is_needed_to_import_it(python, tmp_path):
    where = run(python, "-c", "import durable_agent_pipeline as d; print(d.__file__)", cwd=tmp_path)
    assert str(ROOT) not in where


TYPED_APP = """
from aws_cdk import App, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from durable_agent_pipeline import AlarmChoice, DurableAgentPipeline

stack = Stack(App(), "Foreign")
DurableAgentPipeline(
    stack,
    "Right",
    timeout=Duration.minutes(5),
    architecture=lambda_.Architecture.X86_64,
    models={"research": "us.amazon.nova-lite-v1:0"},
    budget_ceiling_usd="1.50",
    log_level="DEBUG",
    alarm_choices={"Slow": AlarmChoice(severity="ticket")},
)
"""
MISTYPED = {
    "memroy_size=1024": 'No parameter named "memroy_size"',
    "timeout=900": 'parameter "timeout" of type "Duration"',
    'architecture="arm64"': 'parameter "architecture" of type "Architecture"',
    'models=["x"]': 'parameter "models" of type "Mapping[str, ModelChoice]"',
    'log_level="debug"': "\"Literal['debug']\" is not assignable to type \"Literal['DEBUG']\"",
    'alarm_choices={"Slow": AlarmChoice(severity="panic")}': "\"Literal['panic']\" is not assignable to type",
}


def test_a_type_checker_in_a_foreign_project_flags_a_wrong_keyword_and_a_wrong_type(python, tmp_path):
    wrong = [f'DurableAgentPipeline(stack, "Wrong{index}", {choice})' for index, choice in enumerate(MISTYPED)]
    text = TYPED_APP + "\n".join(wrong) + "\n"
    (tmp_path / "app.py").write_text(text, encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}', encoding="utf-8")
    command = [sys.executable, "-m", "basedpyright", "--pythonpath", str(python), "--outputjson"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["generalDiagnostics"]
    lines = text.splitlines()
    for call, said in zip(wrong, MISTYPED.values(), strict=True):
        assert said in " ".join(one["message"] for one in found if one["range"]["start"]["line"] == lines.index(call))
    right = range(lines.index(wrong[0]))
    assert not [one for one in found if one["range"]["start"]["line"] in right]
