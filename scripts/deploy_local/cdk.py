"""The CDK's command line, the pinned version, against the emulated account."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from scripts.local_aws.account.environment import ACCOUNT, REGION, cli_environment
from scripts.local_aws.account.failure import DeploymentFailed

CLI = "aws-cdk@2.1148.1"  # npm's newest, 3.0.0, cannot read this library's assemblies
OLDEST_NODE = 20  # the CLI's own rule
LAST_LINES = 12
QUIET = ("--no-notices", "--no-color", "--ci")  # --ci: everything but errors on stdout


def require_node() -> None:
    """Refuse early.

    Raises:
        DeploymentFailed: no npx, or a node that is too old.
    """
    node, npx = shutil.which("node"), shutil.which("npx")
    if node is None or npx is None:
        raise DeploymentFailed(f"node {OLDEST_NODE} or newer with npx is needed for cdk deploy, found none; install it")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    if not version.removeprefix("v").partition(".")[0].isdigit() or _major(version) < OLDEST_NODE:
        raise DeploymentFailed(f"node {OLDEST_NODE} or newer is needed for cdk deploy, found {version or 'none'}")


class Cdk:
    """One run of the CLI, started at once; ended with the block that it is used in."""

    def __init__(self, arguments: Sequence[str], *, folder: Path, emulator_url: str) -> None:
        self._what = f"cdk {arguments[0]}"
        self._log = folder / f"cdk-{arguments[0]}.log"
        home = folder / "cdk-home"
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                ["npx", "--yes", CLI, *arguments, *QUIET],
                cwd=folder,  # there is no cdk.json, so nothing is synthesized again
                env=cli_environment(emulator_url, home),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is ours to handle
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # npx alone would leave its node running
            self._process.wait()

    def wait(self) -> None:
        """Wait for the end.

        Raises:
            DeploymentFailed: with the end of its output.
        """
        if self._process.wait():
            end = "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:])
            raise DeploymentFailed(f"{self._what} failed; its output is in {self._log} and ends with:\n{end}")


def bootstrap(folder: Path, emulator_url: str) -> Cdk:
    """Start `cdk bootstrap`; it needs no assembly."""
    return Cdk(["bootstrap", f"aws://{ACCOUNT}/{REGION}"], folder=folder, emulator_url=emulator_url)


def deploy(folder: Path, emulator_url: str, *, assembly: Path, stack: str) -> Cdk:
    """Start `cdk deploy` of one stack of a finished assembly."""
    arguments = ["deploy", stack, "--app", str(assembly), "--require-approval", "never", "--progress", "events"]
    return Cdk(arguments, folder=folder, emulator_url=emulator_url)


def _major(version: str) -> int:
    return int(version.removeprefix("v").partition(".")[0])
