"""The deployment itself: synthesize, bootstrap, deploy, read back."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.deploy_local import assembly, cdk
from scripts.deploy_local.local_template import Change
from scripts.deploy_local.phases import Phases
from scripts.deploy_local.readback import Deployed, read_back
from scripts.deploy_local.services import Services


def deploy(services: Services, stack: str, *, folder: Path, phases: Phases) -> tuple[Deployed, tuple[Change, ...]]:
    """Put the stack of the real app.py into the emulated account; returns what is there then, and what is different.

    Args:
        services: running.
        stack: name of the stack.
        folder: for logs; its parent holds what later runs take over: the assembly with the built package.
        phases: shows each step.

    Raises:
        DeploymentFailed: app.py, the bootstrap or the deployment failed.
    """
    outdir = folder.parent / "cdk.out"
    with cdk.bootstrap(folder, services.emulator_url) as bootstrapping, _alone_in(outdir):
        with phases.of("synth", "synthesizing app.py, its package built for this machine (first time: half a minute)"):
            assembly.synthesize(outdir, scratch=services.temporary, log=folder / "synth.log")
            original = folder / "synthesized.template.json"
            changes = assembly.fit(outdir, stack, services.resource_types(), original=original)
        with phases.of("bootstrap", "cdk bootstrap"):
            bootstrapping.wait()
        with (
            phases.of("deploy", f"cdk deploy {stack}"),
            cdk.deploy(folder, services.emulator_url, assembly=outdir, stack=stack) as deploying,
        ):
            deploying.wait()
    return read_back(stack, services.emulator_url), changes


@contextmanager
def _alone_in(outdir: Path) -> Iterator[None]:
    """A second run waits: both would write the same assembly."""
    with outdir.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
