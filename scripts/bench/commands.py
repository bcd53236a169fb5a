"""How long the repository's own commands take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from scripts.bench.row import Asked, NotMeasured, Row
from scripts.cost_model.texts import QUERY
from scripts.local_aws.processes.child import REPOSITORY

TIMEOUT_SECONDS = 1_200
EMPTY_APP = "from aws_cdk import App, Stack\napp = App()\nStack(app, 'Empty')\napp.synth()\n"
QUICK_SYNTH = {"CDK_VALIDATION": "false", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20"}


def local_run(asked: Asked) -> Iterator[Row]:
    """`scripts/run_local.sh` with the small model; the first run is not counted."""
    command = ["scripts/run_local.sh", "--json", QUERY]
    runs = [_timed(command, {}) for _ in range(1 + asked.repeat)][1:]
    how = f'least of {asked.repeat} after a first run: `scripts/run_local.sh --json "{QUERY}"`, SmolLM2-135M'
    seconds, output = min(runs)
    usage = json.loads(output)["usage"]
    speed = usage["output_tokens"] / (usage["latency_ms"] / 1000)
    yield Row(name="local-run", what="local run, wall", value=seconds, unit="s", target=90, how=how)
    yield Row(
        name="local-run-tokens",
        what="local run, output tokens in all",
        value=usage["output_tokens"],
        unit="tokens",
        how=how,
    )
    yield Row(
        name="local-run-speed",
        what="local run, output tokens per second of model calls",
        value=speed,
        unit="tokens/s",
        how=how,
    )


def fast_tests(_asked: Asked) -> Iterator[Row]:
    """`scripts/test.sh fast`, once."""
    seconds, _ = _timed(["scripts/test.sh", "fast"], {})
    yield Row(
        name="fast-tests",
        what="fast tests, wall",
        value=seconds,
        unit="s",
        target=120,
        how="`scripts/test.sh fast`, once",
    )


def synth(asked: Asked) -> Iterator[Row]:
    """`python app.py` against an app with one empty stack; the first run builds the package."""
    cache = QUICK_SYNTH | {"DURABLE_AGENT_PIPELINE_CACHE": str(asked.scratch / "cache")}
    ours, empty = [sys.executable, "app.py"], [sys.executable, "-c", EMPTY_APP]

    def seconds(command: Sequence[str], run: str) -> float:
        return _timed(command, cache | {"CDK_OUTDIR": str(asked.scratch / run)})[0]

    cold = seconds(ours, "cold")
    warm = min(seconds(ours, f"warm-{number}") for number in range(asked.repeat))
    least = min(seconds(empty, f"empty-{number}") for number in range(asked.repeat))
    how = "`python app.py`, three stages, validator off"
    yield Row(
        name="synth-ratio",
        what="synth of all stages over an empty app, package cached",
        value=warm / least,
        unit="x",
        target=1.5,
        how=how,
    )
    yield Row(name="synth", what="synth of all stages, package cached, wall", value=warm, unit="s", how=how)
    yield Row(name="synth-cold", what="synth of all stages, package built, wall", value=cold, unit="s", how=how)


def _timed(command: Sequence[str], variables: Mapping[str, str]) -> tuple[float, str]:
    """(seconds, stdout) of a command at the repository's root."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment | dict(variables), capture_output=True, text=True,
        timeout=TIMEOUT_SECONDS, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise NotMeasured(f"{Path(command[0]).name} ended with status {done.returncode}: {' '.join(said)}")
    return seconds, done.stdout
