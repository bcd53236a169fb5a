"""The pinned CDK CLI and plain Python write the same templates."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.deploy_local.cdk import CLI

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def templates(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*.template.json")}


def test_the_cli_agrees_with_plain_python(tmp_path):
    environment = {**os.environ, "CDK_VALIDATION": "false", "CDK_DISABLE_CLI_TELEMETRY": "true"}
    # as from a shell in which nobody activated .venv: cdk.json has to find it
    shell = {
        **environment,
        "PATH": os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if ".venv" not in p),
    }
    npx = str(Path(sys.executable).with_name("npx"))
    by_cli = [npx, "-y", CLI, "synth", "-q", "--output", str(tmp_path / "cli"), "--no-notices"]
    done = subprocess.run(by_cli, cwd=ROOT, env=shell, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "end-of-life" not in done.stderr + done.stdout  # jsii's banner about an old Node
    plain = {**environment, "CDK_OUTDIR": str(tmp_path / "plain")}
    subprocess.run([sys.executable, str(ROOT / "app.py")], cwd=tmp_path, env=plain, capture_output=True, check=True)
    assert len(templates(tmp_path / "cli")) == 3
    assert templates(tmp_path / "cli") == templates(tmp_path / "plain")
