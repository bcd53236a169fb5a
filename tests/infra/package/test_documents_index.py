"""The index of documents that ship: built with the package, the same everywhere, read by a function as it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import aws_s3 as s3

from infra.durable_agent_pipeline import Documents, PipelineProps
from infra.durable_agent_pipeline.package import build as builder
from infra.durable_agent_pipeline.package.cache import LocalBundling
from infra.durable_agent_pipeline.package.inputs import Package, package_of
from tests.infra.apps import new_stack

AGENTS = """
[[agents]]
name = "reader"
inputs = ["query"]
model = "us.anthropic.claude-sonnet-4-6"
max_tokens = 100
tools = ["search_documents"]

[tools.documents]
folder = "./papers/"
"""
SEARCH = """
import json, sys, tempfile
from pathlib import Path
from agent_workflow.toolboxes import Documents
from research_tools.documents.tools import make

found = make(Documents(folder="documents"), Path("agents"))["search_documents"]("silent owls")
left = [str(file) for file in Path(tempfile.gettempdir()).rglob("*.sqlite")]
print(json.dumps({"found": [one.url for one in found], "left": left}))
"""


def papers(folder: Path) -> Path:
    (folder / "more").mkdir(parents=True)
    (folder / "owls.md").write_text("# Owls\n\nOwls are silent.\n")
    (folder / "more" / "larks.txt").write_text("Larks are not.\n")
    return folder


@pytest.fixture
def without_wheels(monkeypatch):
    monkeypatch.setattr(builder, "_install", lambda *_: None)


def built(package: Package, output: Path) -> Path:
    chosen = {"python": package.python, "architecture": package.architecture, "prune": True, "compiler": None}
    builder.build(package.sources, output, **chosen, indexed=package.indexed)  # type: ignore[arg-type]
    (file,) = output.rglob("*.sqlite")
    return file


def test_the_folder_of_the_keyword_or_of_the_file_is_indexed_and_no_other(tmp_path):
    folder = papers(tmp_path / "agents" / "papers")
    (folder.parent / "agents.toml").write_text(AGENTS)
    assert package_of(PipelineProps()).indexed == ()
    assert package_of(PipelineProps(documents=Documents(folder=folder))).indexed == ("agents/documents",)
    assert package_of(PipelineProps(agents=folder.parent)).indexed == ("agents/papers",)
    bucket = s3.Bucket.from_bucket_name(new_stack(), "Bucket", "papers")
    by_bucket = package_of(PipelineProps(agents=folder.parent, documents=Documents(bucket=bucket)))
    assert by_bucket.indexed == ()


def test_the_index_and_the_hash_of_the_asset_are_the_same_wherever_it_is_built(tmp_path, without_wheels):
    packages = [package_of(PipelineProps(documents=Documents(folder=papers(tmp_path / name)))) for name in ("a", "b")]
    assert packages[0].digest == packages[1].digest
    files = [built(package, tmp_path / f"out{number}") for number, package in enumerate(packages)]
    assert files[0].name == files[1].name
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].stat().st_mode & 0o777 == 0o644


def test_fails_at_synth_when_nothing_in_the_folder_is_a_document(tmp_path, without_wheels):
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "photo.jpg").write_text("x")
    package = package_of(PipelineProps(documents=Documents(folder=tmp_path / "papers")))
    with pytest.raises(RuntimeError, match=r"agents/documents could not be indexed:\n.* must hold 1 to 20,000 doc"):
        built(package, tmp_path / "out")


@pytest.mark.slow
def test_a_cold_start_of_the_built_asset_finds_its_index_and_builds_none(tmp_path, monkeypatch):
    monkeypatch.setenv("DURABLE_AGENT_PIPELINE_CACHE", str(tmp_path / "cache"))
    package = package_of(PipelineProps(documents=Documents(folder=papers(tmp_path / "papers"))))
    asset, scratch = tmp_path / "asset", tmp_path / "scratch"
    LocalBundling(package, "no image").try_bundle(str(asset))
    scratch.mkdir()
    for file in asset.rglob("*"):
        os.utime(file, (0, 0))  # as a zip leaves it
    where = {"PYTHONPATH": str(asset), "TMPDIR": str(scratch), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-B", "-c", SEARCH]
    done = subprocess.run(command, cwd=asset, env=where, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"found": ["owls.md"], "left": []}
    (index,) = asset.rglob(".index-*.sqlite")
    index.unlink()
    again = subprocess.run(command, cwd=asset, env=where, capture_output=True, text=True, check=True)
    assert len(json.loads(again.stdout)["left"]) == 1  # without it, the start builds one in its scratch space
