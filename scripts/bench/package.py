"""The Lambda package: its size, and what a cold start of it costs against one that was not looked after."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from agent_workflow.toolboxes import TOOLBOXES
from scripts.bench.fresh_process import AGENT, IMPORT, ROOT, least
from scripts.bench.row import Asked, NotMeasured, Row
from scripts.local_aws.processes.child import REPOSITORY

PYTHON = "3.13"
ALL = """
import handler
import boto3
import durable_strands.outcome, durable_strands.session
from strands import Agent
from strands.models import BedrockModel
"""
MB = 10**6


def package_rows(asked: Asked) -> Iterator[Row]:
    """Sizes of the package for ARM64; import CPU of the same package built for this processor."""
    builder = _builder()
    python = _python(builder)
    yield from _sizes(_built(builder, asked.scratch / "arm64", "arm64", python, prune=True))
    ours = _built(builder, asked.scratch / "ours", "x86_64", python, prune=True)
    plain = _built(builder, asked.scratch / "plain", "x86_64", None, prune=False)
    how = f"CPU in a fresh Python {PYTHON} process, no byte code written; built for x86-64 to run here"
    # in turns, so that other work on the machine strikes both alike
    turns = [
        [least(ALL, 1, python=python, root=root).cpu_seconds for root in (ours, plain)] for _ in range(asked.repeat)
    ]
    loaded, unpruned = (min(seconds) for seconds in zip(*turns, strict=True))
    yield Row(
        name="package-cold-ratio",
        what="cold import of everything, over the unpruned, source-only package",
        value=loaded / unpruned,
        unit="x",
        target=0.35,
        how=how,
    )
    yield Row(name="package-cold", what="cold import of everything", value=loaded, unit="s", how=how)
    yield Row(
        name="package-cold-plain",
        what="the same, unpruned and source only",
        value=unpruned,
        unit="s",
        how=how,
    )
    built = least(AGENT, asked.repeat, python=python, root=ours)
    yield Row(
        name="package-first-agent", what="cold import until the first agent and its client are made",
        value=built.cpu_seconds, unit="s", how=how,
    )  # fmt: skip
    alone = least(IMPORT, asked.repeat, python=python, root=ours)
    yield Row(
        name="package-replay",
        what=f"cold import of an invocation that only replays ({'with' if alone.strands else 'without'} Strands)",
        value=alone.cpu_seconds,
        unit="s",
        how=how,
    )


def tool_rows(asked: Asked) -> Iterator[Row]:
    """What each box of packaged tools adds to the package for ARM64."""
    builder = _builder()
    python = _python(builder)

    def sizes(box: str | None) -> tuple[float, float]:
        folder = asked.scratch / (box or "none")
        return _megabytes(_built(builder, folder, "arm64", python, prune=True, box=box))

    zipped, unpacked = sizes(None)
    how = f"two packages of the construct's own bundler, ARM64, Python {PYTHON}, with byte code"
    for box in TOOLBOXES:
        more_zipped, more = sizes(box)
        name = f"tool-packages-{box.replace('_', '-')}"
        yield Row(name=f"{name}-zip", what=f"`{box}` adds, zipped", value=more_zipped - zipped, unit="MB", how=how)
        yield Row(name=f"{name}-unzipped", what=f"`{box}` adds, unzipped", value=more - unpacked, unit="MB", how=how)


def _python(builder: ModuleType) -> str:
    found: str | None = builder.compiler(PYTHON)
    if found is None:
        raise NotMeasured(f"the package's byte code needs a Python {PYTHON}, found none")
    return found


def _megabytes(folder: Path) -> tuple[float, float]:
    """Zipped, unzipped."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    zipped = folder.with_suffix(".zip")
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.relative_to(folder))
    return zipped.stat().st_size / MB, sum(file.stat().st_size for file in files) / MB


def _sizes(folder: Path) -> Iterator[Row]:
    how = f"the construct's own bundler, ARM64, Python {PYTHON}, with byte code, no packaged tool"
    zipped, unpacked = _megabytes(folder)
    yield Row(name="package-zip", what="package, zipped", value=zipped, unit="MB", target=17, how=how)
    yield Row(name="package-unzipped", what="package, unzipped", value=unpacked, unit="MB", target=56, how=how)


def _built(
    builder: ModuleType,
    folder: Path,
    architecture: str,
    compiler: str | None,
    *,
    prune: bool,
    box: str | None = None,
) -> Path:
    """The package with one box of tools or none; what ships by choice alone is left out, as the construct does."""
    keep = TOOLBOXES[box].keeps if box else ()

    def ships(inside: str) -> bool:
        folder = inside.rpartition("/")[0]
        return folder == f"research_tools/{box}" or not folder.startswith(builder.OURS_BY_CHOICE)

    sources = [
        (file, file.relative_to(ROOT).as_posix())
        for file in sorted(ROOT.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts and ships(file.relative_to(ROOT).as_posix())
    ]
    try:
        builder.build(
            sources, folder, python=PYTHON, architecture=architecture, prune=prune, compiler=compiler, keep=keep
        )  # fmt: skip
    except RuntimeError as error:
        raise NotMeasured(f"the package could not be built: {error}") from error
    return folder


def _builder() -> ModuleType:
    """The construct's bundler. It uses the standard library only; its package would load the whole CDK."""
    file = REPOSITORY / "infra" / "durable_agent_pipeline" / "package" / "build.py"
    spec = importlib.util.spec_from_file_location("build", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise NotMeasured(f"there is no bundler at {file.relative_to(REPOSITORY)}")
    if shutil.which("uv") is None and importlib.util.find_spec("uv") is None:
        raise NotMeasured(f"the bundler needs uv beside {Path(sys.executable).name}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
