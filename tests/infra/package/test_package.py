"""What is built, when it is built again, and who builds it; nothing is installed here."""

import importlib
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from aws_cdk import aws_lambda as lambda_

from infra.durable_agent_pipeline import PipelineProps
from infra.durable_agent_pipeline.package import build as builder
from infra.durable_agent_pipeline.package.cache import KEPT, LocalBundling, cache_folder
from infra.durable_agent_pipeline.package.inputs import Package, package_of
from infra.durable_agent_pipeline.package.lambda_source import lambda_source, shipped_files

IMAGE = "example.com/image"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DURABLE_AGENT_PIPELINE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Every build that is asked for; each writes one file."""
    asked: list[dict[str, object]] = []

    def build(sources: object, output: Path, **choices: object) -> None:
        asked.append(choices)
        output.mkdir(parents=True)
        (output / "handler.py").write_text("built", encoding="utf-8")

    monkeypatch.setattr(builder, "build", build)
    return asked


def package(folder: Path, **changes: object) -> Package:
    source = folder / "source"
    source.mkdir(exist_ok=True)
    for name in ("handler.py", "requirements.txt"):
        if not (source / name).exists():
            (source / name).write_text(name, encoding="utf-8")
    sources = tuple((file, inside) for inside, file in shipped_files(source))
    return Package(**{"python": "3.13", "architecture": "arm64", "sources": sources, "prune": True, **changes})  # type: ignore[arg-type]


def test_caches_hidden_files_and_readmes_do_not_ship(tmp_path):
    for name in ("handler.py", "README.md", ".env", "__pycache__/handler.cpython-313.pyc", "sub/.git/x", "sub/a.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    assert [inside for inside, _ in shipped_files(tmp_path)] == ["handler.py", "sub/a.md"]


def test_what_durable_strands_has_for_its_own_distribution_does_not_ship():
    shipped = {inside for inside, _ in shipped_files(lambda_source())}
    for name in ("pyproject.toml", "LICENSE", "README.md", "testing.py"):
        assert (lambda_source() / "durable_strands" / name).is_file()
        assert f"durable_strands/{name}" not in shipped
    assert "durable_strands/run.py" in shipped


def test_the_hash_is_of_what_goes_in_wherever_it_lies(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert package(tmp_path / "a").digest == package(tmp_path / "b").digest


@pytest.mark.parametrize("changed", [{"python": "3.14"}, {"architecture": "x86_64"}, {"prune": False}])
def test_the_hash_tells_choices_apart(tmp_path, changed):
    assert package(tmp_path).digest != package(tmp_path, **changed).digest


@pytest.mark.parametrize("name", ["handler.py", "requirements.txt"])
def test_the_hash_follows_every_file(tmp_path, name):
    before = package(tmp_path).digest
    (tmp_path / "source" / name).write_text("changed", encoding="utf-8")
    assert package(tmp_path).digest != before


def test_the_hash_does_not_ask_whether_this_machine_has_the_runtimes_python_but_the_cache_does(tmp_path, monkeypatch):
    monkeypatch.setattr(builder, "compiler", lambda _: "/usr/bin/python3.13")
    compiled = package(tmp_path)
    told, built = compiled.digest, compiled.build_digest
    monkeypatch.setattr(builder, "compiler", lambda _: None)
    plain = package(tmp_path)
    assert plain.digest == told
    assert plain.build_digest != built


def test_what_synth_itself_writes_is_in_the_hash_and_in_the_package_but_builds_nothing_again(tmp_path, builds):
    plain, told = package(tmp_path), package(tmp_path, added=(("deployment.json", "{}"),))
    assert plain.digest != told.digest
    for name, made in (("plain", plain), ("told", told)):
        assert LocalBundling(made, IMAGE).try_bundle(str(tmp_path / name))
    assert len(builds) == 1
    assert (tmp_path / "told" / "deployment.json").read_text(encoding="utf-8") == "{}"
    assert not (tmp_path / "plain" / "deployment.json").exists()


def test_nothing_is_built_twice(tmp_path, builds):
    for output in ("one", "two"):
        assert LocalBundling(package(tmp_path), IMAGE).try_bundle(str(tmp_path / output))
    assert len(builds) == 1
    assert (tmp_path / "two" / "handler.py").read_text(encoding="utf-8") == "built"


def test_a_change_is_built(tmp_path, builds):
    LocalBundling(package(tmp_path), IMAGE).try_bundle(str(tmp_path / "one"))
    (tmp_path / "source" / "handler.py").write_text("changed", encoding="utf-8")
    LocalBundling(package(tmp_path), IMAGE).try_bundle(str(tmp_path / "two"))
    assert len(builds) == 2


def test_a_build_that_fails_leaves_nothing_behind(tmp_path, monkeypatch, cache):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no such wheel")

    monkeypatch.setattr(builder, "build", fail)
    with pytest.raises(RuntimeError, match="no such wheel"):
        LocalBundling(package(tmp_path), IMAGE).try_bundle(str(tmp_path / "one"))
    assert list(cache.iterdir()) == []


def test_the_cache_keeps_only_the_latest_packages(tmp_path, builds):
    for number in range(KEPT + 3):
        (tmp_path / "source").mkdir(exist_ok=True)
        (tmp_path / "source" / "handler.py").write_text(str(number), encoding="utf-8")
        LocalBundling(package(tmp_path), IMAGE).try_bundle(str(tmp_path / f"out{number}"))
    assert len(builds) == KEPT + 3
    assert len(list(cache_folder().iterdir())) == KEPT


def test_fails_when_nothing_can_build_with_a_line_that_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(builder, "installer", lambda *_: None)
    monkeypatch.setenv("CDK_DOCKER", "no-such-docker")
    with pytest.raises(RuntimeError, match=r"install uv .* or pip, or start Docker"):
        LocalBundling(package(tmp_path), IMAGE).try_bundle(str(tmp_path / "one"))


def test_docker_builds_when_neither_uv_nor_pip_can(tmp_path, monkeypatch):
    docker = tmp_path / "docker"
    docker.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> {tmp_path}/calls\n'
        'for word in "$@"; do case "$word" in *:/scratch) mkdir -p "${word%:/scratch}/package"; '
        'echo built > "${word%:/scratch}/package/handler.py";; esac; done\n',
        encoding="utf-8",
    )
    docker.chmod(0o755)
    monkeypatch.setattr(builder, "installer", lambda *_: None)
    monkeypatch.setenv("CDK_DOCKER", str(docker))
    LocalBundling(package(tmp_path), IMAGE).try_bundle(str(tmp_path / "one"))
    run = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()[-1]
    assert "--platform linux/arm64 -v" in run
    assert f"{IMAGE} python /bundler/build.py /scratch/input /scratch/package --architecture arm64" in run
    assert (tmp_path / "one" / "handler.py").exists()


@pytest.mark.parametrize(
    ("with_uv", "with_pip", "first"), [(True, True, "uv"), (False, True, "pip"), (False, False, None)]
)
def test_uv_is_preferred_then_pip(monkeypatch, with_uv, with_pip, first):
    answers = {"uv": with_uv, "pip": with_pip}
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}" if with_uv else None)
    monkeypatch.setattr(builder, "_runs", lambda command: answers["uv" if "uv" in str(command) else "pip"])
    command = builder.installer.__wrapped__("3.13", "arm64")
    if first is None:
        assert command is None
    else:
        assert command
        assert first in " ".join(command[:3])
        assert "aarch64" in " ".join(command)


def test_only_a_python_of_the_runtimes_minor_version_compiles():
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert builder.compiler(own) == sys.executable
    assert builder.compiler("3.99") is None


def test_what_is_never_imported_is_dropped_and_the_rest_is_alike_from_every_installer(tmp_path):
    dropped = ["mcp/x.py", "bin/x", "a/x.pyi", "a-1.dist-info/RECORD", "a-1.dist-info/INSTALLER", "a/__pycache__/x.pyc"]
    dropped += ["botocore/data/ec2/service-2.json.gz", "_cffi_backend.so", ".lock"]
    kept = [
        "a/x.py",
        "a-1.dist-info/METADATA",
        "botocore/data/lambda/service-2.json.gz",
        "botocore/data/endpoints.json",
    ]
    for name in (*dropped, *kept):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("a/x.py,," if name.endswith("RECORD") else "x", encoding="utf-8")
    builder._drop(tmp_path, prune=True)
    assert sorted(f.relative_to(tmp_path).as_posix() for f in tmp_path.rglob("*") if f.is_file()) == sorted(kept)


def distribution(folder, name, *files):
    """A distribution as an installer leaves it: files and a RECORD that lists them."""
    info = folder / f"{name}-1.dist-info"
    info.mkdir()
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("x", encoding="utf-8")
    lines = [f"{file},sha256=x,1" for file in (*files, f"{info.name}/METADATA", "../../bin/run")]
    (info / "RECORD").write_text("\n".join(lines), encoding="utf-8")
    (info / "METADATA").write_text(f"Name: {name}\nVersion: 1\n", encoding="utf-8")


def test_the_metadata_names_what_ships_and_nothing_that_was_pruned(tmp_path):
    distribution(tmp_path, "mcp", "mcp/x.py", "mcp/__pycache__/x.pyc")
    distribution(tmp_path, "boto3", "boto3/x.py", "boto3/examples/x.py")
    distribution(tmp_path, "jsonschema", "jsonschema/x.py", "jsonschema/tests/x.py", "jsonschema/benchmarks/x.py")
    builder._drop(tmp_path, prune=True)
    assert sorted(path.name for path in tmp_path.glob("*.dist-info")) == ["boto3-1.dist-info", "jsonschema-1.dist-info"]
    assert [path.name for path in (tmp_path / "jsonschema").iterdir()] == ["x.py"]


def test_our_list_is_installed_by_its_hashes_and_the_callers_under_its_pins(tmp_path, monkeypatch):
    ours, theirs = tmp_path / "ours.txt", tmp_path / "theirs.txt"
    ours.write_text("# why\na==1 \\\n    --hash=sha256:x\n", encoding="utf-8")
    theirs.write_text("b\n", encoding="utf-8")
    commands = []

    def run(command):
        held = [Path(word).read_text() for option, word in pairwise(command) if option == "-c"]
        commands.append(([word for word in command if word.startswith("-") or word.endswith(".txt")], held))

    monkeypatch.setattr(builder, "installer", lambda *_: ("pip",))
    monkeypatch.setattr(builder, "_run_installer", run)
    sources = [(ours, "requirements.txt"), (theirs, "agents/requirements.txt")]
    builder._install(sources, tmp_path / "out", "3.13", "arm64")
    (first, _), (second, pins) = commands
    assert first == ["--target", "--require-hashes", "-r", str(ours)]
    assert second[:3] == ["--target", "-r", str(theirs)]
    assert pins == ["a==1"]


def test_every_pin_of_the_package_has_a_hash():
    lines = (lambda_source() / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [number for number, line in enumerate(lines) if "==" in line and not line.startswith("#")]
    assert len(pins) > 20
    assert all(lines[number + 1].strip().startswith("--hash=sha256:") for number in pins)


def test_the_laptop_has_the_packages_that_ship():
    def pins(file):
        words = [line.split()[0] for line in file.read_text(encoding="utf-8").splitlines() if "==" in line]
        return dict(word.split("==") for word in words if not word.startswith("#"))

    shipped = pins(lambda_source() / "requirements.txt")
    here = pins(lambda_source().parent / "requirements-dev.txt")
    assert {"strands-agents", "aws-durable-execution-sdk-python", "boto3", "pydantic"} <= here.keys()
    assert {name: version for name, version in here.items() if name in shipped}.items() <= shipped.items()


def test_nothing_is_pruned_that_tools_of_the_callers_might_import(tmp_path):
    for name in ("mcp/x.py", "botocore/data/ec2/service-2.json.gz"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    builder._drop(tmp_path, prune=False)
    assert len([file for file in tmp_path.rglob("*") if file.is_file()]) == 2


def test_byte_code_is_trusted_unread_and_names_the_lambdas_folder(tmp_path):
    (tmp_path / "m.py").write_text("def f(): ...", encoding="utf-8")
    builder._compile(sys.executable, tmp_path)
    (file,) = (tmp_path / "__pycache__").iterdir()
    code = file.read_bytes()
    assert code[4:8] == bytes([1, 0, 0, 0])  # PEP 552: hash-based, not checked
    assert b"/var/task/m.py" in code
    assert str(tmp_path).encode() not in code


def test_own_agents_take_the_place_of_the_packaged_ones(tmp_path):
    (tmp_path / "prompts").mkdir()
    (tmp_path / "agents.toml").write_text("# none", encoding="utf-8")
    without_code = package_of(PipelineProps(agents=tmp_path))
    own = [(file, inside) for file, inside in without_code.sources if inside.startswith("agents/")]
    assert own == [(tmp_path / "agents.toml", "agents/agents.toml")]
    assert "handler.py" in {inside for _, inside in without_code.sources}
    assert without_code.prune
    (tmp_path / "tools.py").write_text("x", encoding="utf-8")
    assert not package_of(PipelineProps(agents=tmp_path)).prune


def test_the_package_is_for_the_functions_runtime_and_processor():
    made = package_of(PipelineProps(runtime=lambda_.Runtime.PYTHON_3_14, architecture=lambda_.Architecture.X86_64))
    assert (made.python, made.architecture) == ("3.14", "x86_64")


def test_the_bundler_runs_without_this_package_as_docker_runs_it(tmp_path):
    shutil.copy(Path(importlib.import_module("infra.durable_agent_pipeline.package.build").__file__ or ""), tmp_path)
    done = subprocess.run(
        [sys.executable, "-I", str(tmp_path / "build.py"), "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "--architecture" in done.stdout
