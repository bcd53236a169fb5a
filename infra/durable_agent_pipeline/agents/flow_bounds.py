"""What the flow of an agents folder does and costs at most: its code run once against verbs that only write down.

In a process of its own, with the modules beside the Lambda's source, so that neither the author's code nor a loop
without end gets into the one that synthesizes. It has no credentials and needs none of the Lambda's packages.
"""

import hashlib
import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..package.lambda_source import lambda_source

MOST_OPERATIONS = 3_000
MOST_BYTES = 100_000_000
"""Of one execution; Lambda ends it beyond them."""
HANDED_OVER_AT = 0.8
"""Of either; beyond it an execution goes on in a new one."""
MOST_EXECUTIONS = 21
"""In which one goes on, itself among them."""
_TIMEOUT_SECONDS = 120
KEPT_VARIABLES = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "HOME", "LANG")
_NO_CODE = frozenset({"__pycache__", "cdk.out", "node_modules", ".venv"})


@dataclass(frozen=True, kw_only=True)
class FlowBounds:
    """The most that one execution of a flow can take, by what agents.toml and the event's rules allow.

    One tool call for each model call that asks for one, readable answers of reviewers, and nothing of what a tool or
    the function of a `flow.step` starts by itself. A call that is tried again is one operation, and takes its time
    again.
    """

    operations: int
    """Durable operations of the costliest way through the flow."""

    bytes: int
    """Bytes of checkpoints."""

    seconds: float
    """Seconds of Lambda time, at 30 tokens a second of each model, every call tried three times."""

    rows: Sequence[Mapping[str, Any]]
    """Of the costliest way, by operation: operation, times, operations, bytes, seconds."""

    ways: int
    """How many ways through the flow were tried."""

    complete: bool
    """Whether these were all; else the costliest may be missing."""

    unbounded: str | None
    """The loop that has no bound, with its file and line; None if all have one."""

    failures: Sequence[str]
    """What some of the ways raise, with file and line."""

    fields: Sequence[str]
    """Fields of the event that the flow looks at."""

    @property
    def share(self) -> float:
        """Of what an execution may have, the part that it can take: 1 is all of it."""
        return max(self.operations / MOST_OPERATIONS, self.bytes / MOST_BYTES)

    @property
    def executions(self) -> int:
        """In how many it can go on, itself among them, by its operations and bytes alone."""
        return math.ceil(self.share / HANDED_OVER_AT)


def bounds(folder: Path, side_by_side: int = 5) -> FlowBounds:
    """The worst case of the flow in an agents folder.

    Args:
        folder: holds agents.toml, prompts/ and maybe a flow.py.
        side_by_side: branches of a map at the same time, for the seconds. Default: 5, as the construct's.

    Raises:
        ValueError: flow.py cannot be imported, or fails whatever its agents answer.
        FlowNotRecorded: the recording itself broke.
    """
    document = _recorded(folder, side_by_side)
    return FlowBounds(**{name: value for name, value in document.items() if name != "diagram"})


def diagram(folder: Path) -> str:
    """The flow in an agents folder as the text of a Mermaid flowchart.

    Raises:
        ValueError: as `bounds`.
        FlowNotRecorded: as `bounds`.
    """
    return str(_recorded(folder, 5)["diagram"])


class FlowNotRecorded(RuntimeError):
    """The process that records a flow ended without an answer; this says nothing of the flow."""


def _recorded(folder: Path, side_by_side: int) -> dict[str, Any]:
    document = _record(folder.resolve(), _digest(folder), side_by_side)
    if "refused" in document:
        raise ValueError(document["refused"])
    return document


@cache
def _record(folder: Path, _digest: str, side_by_side: int) -> dict[str, Any]:
    environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    environment |= {"PYTHONPATH": str(lambda_source()), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-P", "-m", "flow_recording", str(folder), str(side_by_side)]
    try:
        done = subprocess.run(  # noqa: S603 - this Python, a module of ours
            command, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
        document: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise FlowNotRecorded(f"its code was still running after {_TIMEOUT_SECONDS} s") from None
    except ValueError:
        told = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise FlowNotRecorded(told[-1]) from None
    return document


def _digest(folder: Path) -> str:
    """Of all that a recording may read, so that one of an unchanged folder is made once."""
    hasher = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not _NO_CODE & set(file.relative_to(folder).parts):
            hasher.update(f"{file.relative_to(folder)}\n{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return hasher.hexdigest()
