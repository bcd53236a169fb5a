"""The same inputs give the same template on every machine."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from scripts.console.list_prices import TABLE, text
from tests.infra.apps import ROOT

APP = """
import json, sys
from importlib.metadata import version
from pathlib import Path
from aws_cdk import App, Stack
from infra.durable_agent_pipeline import DurableAgentPipeline
from infra.durable_agent_pipeline.package import build as builder

flags = json.loads(Path("cdk.json").read_text(encoding="utf-8"))["context"]
app = App(context={**flags, "aws:cdk:bundling-stacks": []}, outdir=sys.argv[1])
DurableAgentPipeline(Stack(app, "Stack"), "Pipeline")
app.synth()
print(version("genai-prices"), builder.compiler("3.13"))
"""


def synthesize(folder: Path, *, python: bool, prices: str | None) -> tuple[str, bytes]:
    """On a machine with node, and what else is asked for; also what it says of that."""
    programs, packages = folder / "bin", folder / "packages"
    programs.mkdir(parents=True)
    packages.mkdir()
    (programs / "node").symlink_to(shutil.which("node") or "")
    if python:
        (programs / "python3.13").write_text("#!/bin/sh\necho 3.13\n", encoding="utf-8")
        (programs / "python3.13").chmod(0o755)
    if prices:
        info = packages / f"genai_prices-{prices}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: genai-prices\nVersion: {prices}\n")
    environment = {
        **os.environ,
        "PATH": f"{programs}:/usr/bin:/bin" if python else str(programs),
        "PYTHONPATH": f"{packages}:{ROOT}",
        "CDK_VALIDATION": "false",
    }
    command = [sys.executable, "-c", APP, str(folder / "out")]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), (folder / "out" / "Stack.template.json").read_bytes()


def test_neither_a_python_of_the_runtime_nor_a_release_of_the_price_library_changes_the_template(tmp_path):
    plain, first = synthesize(tmp_path / "plain", python=False, prices=None)
    other, second = synthesize(tmp_path / "other", python=True, prices="9.9.9")
    own = sys.executable if sys.version_info[:2] == (3, 13) else None  # then both machines have one
    assert plain == f"{version('genai-prices')} {own}"
    assert other == f"9.9.9 {own or tmp_path / 'other' / 'bin' / 'python3.13'}"
    assert first == second


def test_the_prices_that_ship_are_those_of_the_pinned_library():
    assert TABLE.read_text(encoding="utf-8") == text()
