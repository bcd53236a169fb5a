"""Who builds the Lambda package: this machine, else Docker; and the cache of what was built."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import jsii
from aws_cdk import ILocalBundling

from . import build
from .inputs import Package

KEPT = 6
"""Finished packages kept in the cache (about 55 MB each); the least recently used go first."""

_DIGEST = re.compile("[0-9a-f]{64}")


@jsii.implements(ILocalBundling)
class LocalBundling:
    """Gives CDK the finished package, out of a cache that survives cdk.out."""

    def __init__(self, package: Package, image: str) -> None:
        self._package = package
        self._image = image

    def try_bundle(self, output_dir: str, *_options: Any, **_more: Any) -> bool:
        """Fill the folder that CDK stages.

        Raises:
            RuntimeError: when the build fails, or when nothing on this machine can build.
        """
        shutil.copytree(self._finished(), output_dir, dirs_exist_ok=True, copy_function=_link_or_copy)
        for inside, text in self._package.added:
            (Path(output_dir) / inside).write_text(text, encoding="utf-8")
        return True

    def _finished(self) -> Path:
        cache = cache_folder()
        finished = cache / self._package.build_digest
        if not finished.is_dir():
            with tempfile.TemporaryDirectory(dir=cache) as scratch:
                self._build(Path(scratch))
                _keep(Path(scratch) / "package", finished)
        os.utime(finished)
        _forget_old(cache)
        return finished

    def _build(self, scratch: Path) -> None:
        package = self._package
        _say(f"building the Lambda package for Python {package.python} on {package.architecture} (once)")
        if not package.builds_here:
            _build_in_docker(package, self._image, scratch)
            return
        if package.compiler is None:
            _say(f"no Python {package.python} here, so the package ships without byte code and starts colder")
        build.build(
            package.sources,
            scratch / "package",
            python=package.python,
            architecture=package.architecture,
            prune=package.prune,
            keep=package.keep,
            indexed=package.indexed,
            compiler=package.compiler,
        )


def cache_folder() -> Path:
    """Where finished packages are kept: DURABLE_AGENT_PIPELINE_CACHE, else in the user's cache folder."""
    chosen = os.environ.get("DURABLE_AGENT_PIPELINE_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(chosen) if chosen else base / "durable-agent-pipeline"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _build_in_docker(package: Package, image: str, scratch: Path) -> None:
    docker = os.environ.get("CDK_DOCKER", "docker")
    if not _answers(docker):
        raise RuntimeError(
            "cannot build the Lambda package: install uv (https://docs.astral.sh/uv/) or pip, or start Docker"
        )
    for file, inside in package.sources:
        target = scratch / "input" / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    volumes = {scratch: "/scratch", Path(__file__).parent: "/bundler"}
    mounts = [word for host, inside in volumes.items() for word in ("-v", f"{host}:{inside}")]
    build = [
        "python",
        "/bundler/build.py",
        "/scratch/input",
        "/scratch/package",
        "--architecture",
        package.architecture,
    ]
    command = [
        docker,
        "run",
        "--rm",
        "--platform",
        f"linux/{_docker_name(package.architecture)}",
        *mounts,
        image,
        *build,
    ]
    kept = [word for name in package.keep for word in ("--keep", name)]
    indexed = [word for folder in package.indexed for word in ("--index", folder)]
    subprocess.run([*command, *([] if package.prune else ["--no-prune"]), *kept, *indexed], check=True)  # noqa: S603


def _docker_name(architecture: str) -> str:
    return "amd64" if architecture == "x86_64" else architecture


def _answers(docker: str) -> bool:
    try:
        return subprocess.run([docker, "version"], capture_output=True, check=False, timeout=20).returncode == 0  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False


def _link_or_copy(source: str, target: str) -> None:
    """A hard link costs nothing; CDK only reads what it stages. Copies where the folders are on two file systems."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _keep(built: Path, finished: Path) -> None:
    try:
        built.rename(finished)
    except OSError:
        if not finished.is_dir():  # else another process finished the same package first
            raise


def _forget_old(cache: Path) -> None:
    finished = [path for path in cache.iterdir() if _DIGEST.fullmatch(path.name)]
    for package in sorted(finished, key=lambda path: -path.stat().st_mtime)[KEPT:]:
        shutil.rmtree(package, ignore_errors=True)


def _say(text: str) -> None:
    print(f"durable-agent-pipeline: {text}", file=sys.stderr, flush=True)  # noqa: T201
