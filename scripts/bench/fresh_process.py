"""What the function takes in a fresh process: CPU time and memory of a cold start, without the interpreter's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aws_durable_execution_sdk_python_testing import DurableFunctionTestRunner

import handler
from scripts.bench.row import Asked, NotMeasured, Row
from scripts.cost_model.function import deployed_with
from scripts.cost_model.stories import PACKAGED, stories
from scripts.cost_model.texts import QUERY
from scripts.local_aws.bedrock.process import ScriptedBedrock
from scripts.local_aws.functions.function_environment import DUMMY_CREDENTIALS

ROOT = PACKAGED.parent
TARGET_MB = 200
TIMEOUT_SECONDS = 120

IMPORT = "import handler"
AGENT = """
import handler
from agent_workflow.deployment import deployed
from agent_workflow.strands_agent import build_agent
agent = build_agent(deployed().agents[0], deployed().settings)
"""
FIRST_CALL = AGENT + "agent('hello')"
REPLAY = """
import handler
assert handler.lambda_handler(json.load(open(sys.argv[1])), None)["Status"] == "PENDING"
"""

# VmHWM, not ru_maxrss: the latter starts at the size of the process that forked this one
_PROBE = """
import json, sys, time
sys.path.insert(0, {root!r})
began = time.process_time()
{body}
cpu = time.process_time() - began
with open('/proc/self/status') as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith('VmHWM'))
print()
print(json.dumps({{'cpu_seconds': cpu, 'rss_mb': peak / 1024, 'strands': 'strands' in sys.modules}}))
"""


@dataclass(frozen=True)
class Taken:
    """CPU seconds, peak resident memory in MiB, and whether Strands was loaded."""

    cpu_seconds: float
    rss_mb: float
    strands: bool


def handler_rows(asked: Asked) -> Iterator[Row]:
    """The handler alone, a replay that makes no call, and the first model call."""
    with ScriptedBedrock(asked.scratch) as bedrock:
        bedrock.answer_from({"default": {"text": "Hello."}})
        environment = {"AWS_ENDPOINT_URL": bedrock.url}
        suspended = asked.scratch / "suspended.json"
        suspended.write_text(json.dumps(_suspended_event(asked.scratch, bedrock)), encoding="utf-8")
        for name, what, body, arguments in (
            ("import", "handler imported", IMPORT, []),
            ("replay", "handler, and a replay of two finished agents", REPLAY, [str(suspended)]),
            ("first-call", "handler, Strands, and the first model call", FIRST_CALL, []),
        ):
            yield from _rows(name, what, least(body, asked.repeat, arguments=arguments, environment=environment))


def least(
    body: str,
    repeat: int,
    *,
    python: str = sys.executable,
    root: Path = ROOT,
    arguments: Sequence[str] = (),
    environment: dict[str, str] | None = None,
) -> Taken:
    """The least that `body` takes in `repeat` fresh processes.

    Args:
        body: Python code.
        repeat: processes.
        python: the interpreter. Default: this one.
        root: folder of the function. Default: the source.
        arguments: of the process. Default: none.
        environment: more variables. Default: none.

    Raises:
        NotMeasured: the code failed; with the end of what it said.
    """
    taken = [_one(body, python, root, arguments, environment or {}) for _ in range(repeat)]
    return Taken(min(t.cpu_seconds for t in taken), min(t.rss_mb for t in taken), taken[0].strands)


def _one(body: str, python: str, root: Path, arguments: Sequence[str], environment: dict[str, str]) -> Taken:
    done = subprocess.run(
        [python, "-B", "-c", _PROBE.format(root=str(root), body=body), *arguments],
        env=_clean() | environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise NotMeasured(f"a fresh process failed: {done.stderr.strip().splitlines()[-1:]}")
    return Taken(**json.loads(done.stdout.splitlines()[-1]))


def _clean() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    return kept | DUMMY_CREDENTIALS | {"AWS_DEFAULT_REGION": "us-east-1", "NO_PROXY": "127.0.0.1"}


def _rows(name: str, what: str, taken: Taken) -> Iterator[Row]:
    how = f"fresh Python {sys.version_info.major}.{sys.version_info.minor} process, from source, scripted model"
    loaded = f"{what} ({'with' if taken.strands else 'without'} Strands)"
    yield Row(name=f"handler-{name}-cpu", what=f"{loaded}: CPU", value=taken.cpu_seconds, unit="s", how=how)
    yield Row(
        name=f"handler-{name}-rss",
        what=f"{loaded}: peak RSS",
        value=taken.rss_mb,
        unit="MiB",
        how=how,
        target=TARGET_MB,
    )


def _suspended_event(scratch: Path, bedrock: ScriptedBedrock) -> Any:
    """The event of an invocation that finds research and analysis finished and the wait after them not yet over."""
    events: list[Any] = []

    def recorded(event: Any, context: Any) -> Any:
        events.append(event.to_json_dict())
        return handler.lambda_handler(event, context)

    agents = scratch / "agents"
    agents.mkdir()
    three, _ = stories(agents)
    bedrock.answer_from(three.script(0))
    with deployed_with(bedrock.url), DurableFunctionTestRunner(recorded, poll_interval=0.05, skip_time=True) as runner:
        runner.run(input=json.dumps({"query": QUERY, "demo_checkpoint": True}), execution_timeout=60)
    bedrock.answer_from({"default": {"text": "Hello."}})
    event = events[1]
    for operation in event["InitialExecutionState"]["Operations"]:
        if operation["Type"] == "WAIT":
            until = datetime.now(UTC) + timedelta(hours=1)
            operation |= {"Status": "STARTED", "WaitDetails": {"ScheduledEndTimestamp": until.timestamp() * 1000}}
            operation.pop("EndTimestamp", None)
    return event
