"""The pruned package runs on its own: the handler imports, an agent with a tool and structured output works."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from infra.durable_agent_pipeline.package import build as builder
from infra.durable_agent_pipeline.package.lambda_source import lambda_source, shipped_files

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(platform.system() != "Linux", reason="the package holds Linux wheels"),
]

# -S: none of this environment's packages, only the standard library and the package itself
ALONE = (sys.executable, "-I", "-S", "-c")
RUN = """
import sys; sys.path.insert(0, sys.argv[1])
import handler
from pydantic import BaseModel
from strands import Agent, tool
from strands.models import BedrockModel
import boto3

session = boto3.Session(region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
model = BedrockModel(boto_session=session, model_id="m", streaming=False)
calls = []

def converse(**request):
    calls.append(request)
    content, stop = [{"text": "done"}], "end_turn"
    forced = request.get("toolConfig", {}).get("toolChoice")
    if len(calls) == 1:
        content, stop = [{"toolUse": {"toolUseId": "1", "name": "add", "input": {"a": 1, "b": 2}}}], "tool_use"
    elif forced or len(calls) == 3:
        content, stop = [{"toolUse": {"toolUseId": "2", "name": "Answer", "input": {"sum": 3}}}], "tool_use"
    return {
        "output": {"message": {"role": "assistant", "content": content}}, "stopReason": stop,
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 1},
    }

model.client.converse = converse

@tool
def add(a: int, b: int) -> int:
    \"\"\"Add two numbers.\"\"\"
    return a + b

class Answer(BaseModel):
    sum: int

agent = Agent(model=model, tools=[add], callback_handler=None)
result = agent("1 + 2", structured_output_model=Answer)
for service in ("lambda", "s3", "sts", "dynamodb", "sqs", "secretsmanager"):
    session.client(service)
unused = ("mcp", "cryptography", "httpx", "starlette")
print(result.structured_output.sum, sorted(m for m in unused if m in sys.modules))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as the construct builds it, but for this machine's processor and Python."""
    output = tmp_path_factory.mktemp("package") / "task"
    sources = [(file, inside) for inside, file in shipped_files(lambda_source())]
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    builder.build(
        sources,
        output,
        python=python,
        architecture={"aarch64": "arm64"}.get(platform.machine(), platform.machine()),
        prune=True,
        compiler=sys.executable,
    )
    return output


def test_an_agent_with_a_tool_and_structured_output_runs_on_the_package_alone(package):
    done = subprocess.run([*ALONE, RUN, str(package)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["3", "[]"]


def test_every_module_has_byte_code_that_is_used_unread(package):
    sources = [file for file in package.rglob("*.py") if file.parent.name != "__pycache__"]
    tag = sys.implementation.cache_tag
    compiled = [file for file in sources if (file.parent / "__pycache__" / f"{file.stem}.{tag}.pyc").exists()]
    assert len(compiled) > 0.99 * len(sources)


def test_the_package_stays_far_under_lambdas_limit(package):
    """With the packages of every tool and every kind of model, of which a pipeline ships those that it uses."""
    unzipped = sum(file.stat().st_size for file in package.rglob("*") if file.is_file())
    assert unzipped < 100_000_000


def test_building_again_gives_the_same_files(package, tmp_path):
    again = tmp_path / "again"
    sources = [(file, inside) for inside, file in shipped_files(lambda_source())]
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    machine = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    builder.build(sources, again, python=python, architecture=machine, prune=True, compiler=None)
    files = {f.relative_to(again).as_posix(): f.read_bytes() for f in again.rglob("*") if f.is_file()}
    before = {
        f.relative_to(package).as_posix(): f.read_bytes()
        for f in package.rglob("*")
        if f.is_file() and f.suffix != ".pyc"
    }
    assert files == before
