"""MiniStack's own virtual environment under .local/, made once per change of its requirements."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from scripts.local_aws.account.failure import DeploymentFailed
from scripts.local_aws.processes.child import REPOSITORY

REQUIREMENTS = REPOSITORY / "scripts" / "local_aws" / "account" / "requirements-ministack.txt"
VENV = REPOSITORY / ".local" / "ministack-venv"


def emulator_python(say: Callable[[str], None], venv: Path = VENV) -> Path:
    """The venv's interpreter; makes the venv first when it is missing or out of date.

    Raises:
        DeploymentFailed: the packages could not be installed.
    """
    venv.parent.mkdir(parents=True, exist_ok=True)
    with venv.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second run waits and then finds the work done
        if not _is_ready(venv):
            say("installing MiniStack into a venv of its own (once)")
            _make(venv)
    return venv / "bin" / "python"


def _wanted() -> str:
    return f"{sys.version}\n{REQUIREMENTS.read_text(encoding='utf-8')}"


def _is_ready(venv: Path) -> bool:
    stamp = venv / "stamp"
    python = venv / "bin" / "python"
    return python.exists() and stamp.is_file() and stamp.read_text(encoding="utf-8") == _wanted()


def _make(venv: Path) -> None:
    (venv / "stamp").unlink(missing_ok=True)
    _run([sys.executable, "-m", "venv", "--clear", "--without-pip", venv])
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode"]
    _run([*install, "--python", venv / "bin" / "python", "-r", REQUIREMENTS])
    (venv / "stamp").write_text(_wanted(), encoding="utf-8")


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        end = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise DeploymentFailed(
            f"MiniStack could not be installed; check the connection to the package registry and run again:\n{end}"
        )
