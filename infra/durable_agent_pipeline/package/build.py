"""Builds the Lambda package in a folder: dependencies for the function's processor, pruned, compiled, then the source.

Standard library only and no import of this package, so that the Docker image for the runtime can run this very file.
"""

import argparse
import csv
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

FORMAT = 3
"""Raise when a change here changes what is built: it is part of the asset's hash."""

OUR_REQUIREMENTS = "requirements.txt"
"""At the top of the package: our own list, pinned with hashes. One below it is the caller's, except in our code."""

OURS_BY_CHOICE = ("research_tools/", "model_kinds/")
"""Hold the packaged tools and the kinds of models that are used, some with pins and hashes of their own."""

PLATFORMS = {"arm64": "aarch64", "x86_64": "x86_64"}

HOST = f"host-{platform.system()}-{platform.machine()}"
"""In place of a processor: this machine, for an emulator whose functions are its own processes."""

# Third-party code that neither Strands' agent loop nor Bedrock's client imports (checked against sys.modules, and by
# running an agent with a tool and structured output on the pruned package).
UNUSED = (
    *(
        "mcp",
        "mcp_types",
        "starlette",
        "uvicorn",
        "sse_starlette",
        "python_multipart",
        "multipart",
        "jwt",
        "truststore",
    ),
    *("httpx", "httpx2", "httpcore", "httpcore2", "h11", "anyio", "click"),
    *("cryptography", "cffi", "pycparser", "_cffi_backend*"),
    *("fastwarc", "tqdm", "brotli.py", "_brotli*"),  # resiliparse names them, its reader of pages does without
)

# Commands, samples and the packages' own tests: nothing at run time.
NEVER_SHIPPED = ("bin", "boto3/examples", "jsonschema/tests", "jsonschema/benchmarks")

# Service models of botocore that stay: what the pipeline calls, how credentials are found, what tools commonly call.
SERVICES = (
    *("bedrock", "bedrock-runtime", "bedrock-agent-runtime", "lambda", "s3", "sts", "sso", "sso-oidc", "signin"),
    *("dynamodb", "sqs", "sns", "events", "secretsmanager", "ssm", "logs", "kms"),
)

# Written differently by every installer, read by nobody at run time.
_INSTALLER_FILES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"})


def build(
    sources: Sequence[tuple[Path, str]],
    output: Path,
    *,
    python: str,
    architecture: str,
    prune: bool,
    compiler: str | None,
    keep: Sequence[str] = (),
    indexed: Sequence[str] = (),
) -> None:
    """Build the package.

    Args:
        sources: (file, path inside the package) of everything of ours that ships; every requirements.txt among them
            is installed.
        output: folder to fill; created.
        python: minor version of the runtime, "3.13".
        architecture: "arm64", "x86_64" or HOST.
        prune: False keeps every package and service model, for tools that may need them.
        keep: packages and service models that stay although `prune` would leave them out. Default: none.
        compiler: a Python of that same minor version; None ships source only.
        indexed: folders of documents inside the package; each gets its index. Default: none.

    Raises:
        RuntimeError: when the installer or the indexing fails, with the end of its output.
    """
    output.mkdir(parents=True, exist_ok=True)
    requirements = [(file, inside) for file, inside in sources if Path(inside).name == OUR_REQUIREMENTS]
    _install(requirements, output, python, architecture)
    _drop(output, prune=prune, keep=keep)
    for file, inside in sources:
        target = output / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    for folder in indexed:
        _index(output, folder)
    _same_modes(output)
    if compiler:
        _compile(compiler, output)


@cache
def installer(python: str, architecture: str) -> tuple[str, ...] | None:
    """The start of a command line that installs wheels for another processor; None when neither uv nor pip is here."""
    machine = PLATFORMS.get(architecture)
    wanted = ("--python-version", python, "--only-binary", ":all:", "--quiet")
    for uv in ((shutil.which("uv") or "",), (sys.executable, "-m", "uv")):
        if uv[0] and _runs([*uv, "--version"]):
            target = ("--python-platform", f"{machine}-manylinux_2_28") if machine else ()
            # copies, not links: what is pruned, changed in mode and compiled below must not be uv's own cache
            return (*uv, "pip", "install", "--python", sys.executable, "--link-mode", "copy", *target, *wanted)
    if _runs([sys.executable, "-m", "pip", "--version"]):
        tags = ("--platform", f"manylinux2014_{machine}", "--platform", f"manylinux_2_28_{machine}")
        foreign = tags if machine else ()
        return (sys.executable, "-m", "pip", "install", "--no-compile", "--implementation", "cp", *foreign, *wanted)
    return None


@cache
def compiler(python: str) -> str | None:
    """A Python of exactly this minor version, whose byte code the runtime accepts; None when there is none."""
    for candidate in _pythons(python):
        if _output([candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]) == python:
            return candidate
    return None


def _pythons(python: str) -> list[str]:
    found = shutil.which(f"python{python}")
    candidates = [sys.executable, *([found] if found else [])]
    if (
        found and Path(found).parent.name == "shims"
    ):  # pyenv's shim refuses a version that is installed but not selected
        installed = Path(found).parents[1] / "versions"
        candidates += [str(path) for path in sorted(installed.glob(f"{python}.*/bin/python{python}"))]
    return candidates


def _install(requirements: list[tuple[Path, str]], output: Path, python: str, architecture: str) -> None:
    command = installer(python, architecture)
    if command is None:
        raise RuntimeError("neither uv nor pip is here to install the Lambda's dependencies")
    ours = [file for file, inside in requirements if _is_ours(inside)]
    theirs = [file for file, inside in requirements if not _is_ours(inside)]
    _run_installer([*command, "--target", str(output), "--require-hashes", *_each("-r", ours)])
    if theirs:  # in one go with the hashed list, every line of the caller's would need a hash too
        with tempfile.TemporaryDirectory() as scratch:
            pins = Path(scratch) / "pins.txt"
            pins.write_text("\n".join(pin for file in ours for pin in _pins(file)), encoding="utf-8")
            _run_installer([*command, "--target", str(output), *_each("-r", theirs), "-c", str(pins)])


def _is_ours(inside: str) -> bool:
    return inside == OUR_REQUIREMENTS or inside.startswith(OURS_BY_CHOICE)


def _each(option: str, files: list[Path]) -> list[str]:
    return [word for file in files for word in (option, str(file))]


def _pins(file: Path) -> list[str]:
    words = (line.split()[0] for line in file.read_text(encoding="utf-8").splitlines() if line.strip())
    return [word for word in words if "==" in word]


def _run_installer(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} could not install the Lambda's dependencies:\n{_end(done)}")


def _index(output: Path, folder: str) -> None:
    """Done by the package's own code, which needs nothing that is built for the function's processor."""
    command = [sys.executable, "-B", "-m", "research_tools.documents", str(output / folder)]
    where = {**os.environ, "PYTHONPATH": str(output)}
    done = subprocess.run(command, cwd=output, env=where, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"the documents in {folder} could not be indexed:\n{_end(done)}")


def _end(done: subprocess.CompletedProcess[str]) -> str:
    return "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])


def _drop(output: Path, *, prune: bool, keep: Sequence[str] = ()) -> None:
    for name in (*NEVER_SHIPPED, *(name for name in UNUSED if prune and name not in keep)):
        for path in output.glob(name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    _drop_metadata_of_the_dropped(output)
    services = output / "botocore" / "data"
    for service in services.iterdir() if prune and services.is_dir() else ():
        if service.is_dir() and service.name not in (*SERVICES, *keep):
            shutil.rmtree(service)
    for file in [*output.rglob("*.pyi"), *output.rglob("*.dist-info/*")]:
        if file.suffix == ".pyi" or file.name in _INSTALLER_FILES:
            file.unlink()
    (output / ".lock").unlink(missing_ok=True)  # uv's
    for cached in list(output.rglob("__pycache__")):
        shutil.rmtree(cached)


def _drop_metadata_of_the_dropped(output: Path) -> None:
    """A scanner believes .dist-info: what no longer ships must not be listed, with its vulnerabilities, as there."""
    for record in list(output.glob("*.dist-info/RECORD")):
        with record.open(encoding="utf-8", newline="") as lines:
            files = [Path(row[0]) for row in csv.reader(lines) if row]
        code = [file for file in files if file.parts[0] not in {"..", "bin", record.parent.name}]
        if code and not any((output / file).exists() for file in code if file.suffix != ".pyc"):
            shutil.rmtree(record.parent)


def _same_modes(output: Path) -> None:
    for path in (output, *output.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _compile(compiler: str, output: Path) -> None:
    # unchecked-hash: the zip resets every modification time, so a timestamp .pyc would be void; -s/-p: tracebacks and
    # the byte code itself name /var/task, not the machine that built it
    flags = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(output), "-p", "/var/task"]
    subprocess.run([compiler, "-m", "compileall", *flags, str(output)], check=False, stdout=subprocess.DEVNULL)  # noqa: S603


def _runs(command: list[str]) -> bool:
    return _output(command) is not None


def _output(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def main() -> None:
    """Build from the command line, which is how the Docker image calls this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--architecture", required=True)
    parser.add_argument("--no-prune", action="store_true")
    parser.add_argument("--keep", action="append", default=[])
    parser.add_argument("--index", action="append", default=[])
    chosen = parser.parse_args()
    files = [file for file in sorted(chosen.source.rglob("*")) if file.is_file()]
    build(
        [(file, file.relative_to(chosen.source).as_posix()) for file in files],
        chosen.output,
        python=".".join(platform.python_version_tuple()[:2]),
        architecture=chosen.architecture,
        prune=not chosen.no_prune,
        keep=chosen.keep,
        indexed=chosen.index,
        compiler=sys.executable,
    )


if __name__ == "__main__":
    main()
