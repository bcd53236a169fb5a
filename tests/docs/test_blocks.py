"""Every code block of every page is of a kind that a test runs, parses or renders; Python runs here."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable

import pytest
import yaml

from tests.docs.pages import ROOT, Block, blocks

PARSERS: dict[str, Callable[[str], object]] = {
    "json": json.loads,
    "jsonl": lambda text: [json.loads(line) for line in text.splitlines()],
    "toml": tomllib.loads,
    "yaml": yaml.safe_load,
}
ELSEWHERE = {"console": "test_shell.py", "mermaid": "test_mermaid.py"}
HELP = "text help "  # scripts/commands_page.py prints these, tests/scripts/commands_page/ compares them
PICTURES = 6  # `text`: drawings and listings, which nothing can run

STANDALONE = "lambda_src/durable_strands/README.md"  # run on the wheel in tests/packaging/test_durable_strands_wheel.py
BEFORE = """\
import aws_cdk
from aws_cdk import App, Duration, RemovalPolicy, Size, Stack
from aws_cdk import aws_events_targets as targets, aws_iam as iam, aws_sqs as sqs
from durable_agent_pipeline import DurableAgentPipeline

app = App()
stack = Stack(app, "Before")
pipeline = DurableAgentPipeline(stack, "Pipeline")
queue = sqs.Queue(stack, "Queue")
callers_role = worker_role = iam.Role(stack, "Caller", assumed_by=iam.AccountRootPrincipal())
"""
"""What a page's first block may take as given, and a folder `agents`; a block may also use what an earlier one made."""


def test_every_block_is_of_a_kind_that_is_checked():
    kinds = Counter(block.kind for block in blocks() if not block.kind.startswith(HELP))
    assert kinds.pop("text") == PICTURES, "a block that nothing can run is `text`, and is counted here"
    assert set(kinds) <= {"python", *PARSERS, *ELSEWHERE}
    assert all(kinds[kind] for kind in ("python", *ELSEWHERE))


@pytest.mark.parametrize("block", blocks(*PARSERS), ids=str)
def test_data_can_be_parsed(block: Block):
    PARSERS[block.kind](block.text)


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_compiles(block: Block):
    compile(block.text, str(block), "exec")


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted({block.page for block in blocks("python")} - {STANDALONE}))
def test_python_runs_against_the_checkout(page, tmp_path):
    shutil.copytree(ROOT / "docs" / "examples" / "two_agents" / "agents", tmp_path / "agents")
    program = tmp_path / "page.py"
    parts = [block.text for block in blocks("python") if block.page == page]
    program.write_text("\n".join([BEFORE, *parts, "app.synth()\n"]), encoding="utf-8")
    no_package = json.dumps({"aws:cdk:bundling-stacks": []})
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "infra"), "CDK_CONTEXT_JSON": no_package}
    command = [sys.executable, str(program)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
