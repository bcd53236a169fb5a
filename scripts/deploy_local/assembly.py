"""The assembly of the real app.py, for this machine's processor, then fitted to the emulator."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

from scripts.deploy_local.local_template import Change, localized
from scripts.local_aws.account.environment import synth_environment
from scripts.local_aws.account.failure import DeploymentFailed
from scripts.local_aws.processes.child import REPOSITORY

CONTEXT = {"durable-agent-pipeline:bundle-for": "host", "api": "true"}
LAST_LINES = 15


def synthesize(outdir: Path, *, scratch: Path, log: Path) -> None:
    """Run app.py as it is.

    Args:
        outdir: folder of the assembly; may hold an earlier one, whose unchanged assets are taken over.
        scratch: where the package is built when it has changed.
        log: what app.py says.

    Raises:
        DeploymentFailed: with the end of what app.py said.
    """
    unfinished = outdir / "unfinished"
    if unfinished.exists():  # an interrupted run may have left half a package, which the CDK would take for whole
        shutil.rmtree(outdir)
    outdir.mkdir(exist_ok=True)
    unfinished.touch()
    environment = synth_environment(outdir, scratch, json.dumps(CONTEXT))
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, REPOSITORY / "app.py"],
            cwd=REPOSITORY,
            env=environment,
            stdout=output,
            stderr=output,
            check=False,
        )
    if done.returncode:
        end = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:])
        raise DeploymentFailed(f"app.py could not be synthesized; its output is in {log} and ends with:\n{end}")
    unfinished.unlink()
    _forget_old_assets(outdir)


def fit(outdir: Path, stack: str, supported: Collection[str], *, original: Path) -> tuple[Change, ...]:
    """Rewrite the stack's template in the assembly for the emulator; returns every difference.

    Args:
        outdir: folder of the assembly.
        stack: name of the stack.
        supported: resource types that the emulator can create.
        original: where the template as synthesized is kept, to compare.
    """
    file = outdir / f"{stack}.template.json"
    shutil.copyfile(file, original)
    template, changes = localized(json.loads(file.read_text(encoding="utf-8")), supported)
    file.write_text(json.dumps(template, indent=1), encoding="utf-8")
    return changes


def _forget_old_assets(outdir: Path) -> None:
    manifests = [json.loads(file.read_text(encoding="utf-8"))["files"] for file in outdir.glob("*.assets.json")]
    used = {asset["source"]["path"] for files in manifests for asset in files.values()}
    for folder in outdir.glob("asset.*/"):
        if folder.name not in used:
            shutil.rmtree(folder)
    for archive in outdir.glob(".cache/*.zip"):  # the CLI's
        if f"asset.{archive.stem}" not in used:
            archive.unlink()
