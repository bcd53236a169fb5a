"""A test for an author's own flow: run as an execution would be, interrupted and replayed, without a model."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .agents.declaration import read_agents
from .agents.flow_bounds import KEPT_VARIABLES
from .event_rules import check_event
from .package.lambda_source import lambda_source

Answers = Mapping[str, str | Sequence[str | None]]
# Winter and summer, morning and evening, a decade apart: what depends on any of it differs.
_MOMENTS = (978_850_245.25, 2_036_007_999.5)
_TIMEOUT_SECONDS = 60
# What boto3 needs to get as far as the network, where it is stopped.
_NOBODY = {
    "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true",
}  # fmt: skip


class NotRepeatable(AssertionError):
    """The flow does what a replay could not repeat; the message names the line."""


class FlowFails(AssertionError):
    """The flow cannot be imported, or ended with a failure."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """What a flow did."""

    result: Mapping[str, Any]
    """What it gives: `status`, `report` and the other fields that it returned."""

    operations: Sequence[str]
    """Names of its durable operations, in order; a map counts as one."""

    asked: Sequence[tuple[str, Sequence[Any]]]
    """Each operation with what it was given, such as the inputs and the instruction of an agent."""


def check_flow(
    folder: str | Path,
    event: Mapping[str, Any],
    *,
    answers: Answers | None = None,
    steps: Mapping[str, Any] | None = None,
    reviews: Sequence[Mapping[str, Any]] = (),
) -> Played:
    """Run the flow of an agents folder twice and compare: what it asks, and what it gives.

    The second time the clock has moved, sets are in another order, the network is shut as it was the first time, and
    steps give what they gave before, as after a crash. Then it is ended at each of its operations in turn.

    Args:
        folder: holds agents.toml and flow.py.
        event: the request, such as {"query": "..."}.
        answers: agent -> its answer, or its answers in order, of which the last is given again; None in their place is
            a failure of the agent. Default: "the answer of NAME"; of a critic, that it approves.
        steps: operation -> the value of that `flow.step`, whose function is then not run. Default: it runs.
        reviews: what people answer, in order, such as {"decision": "revise", "comments": "..."}. Default: they approve.

    Returns:
        What it did the first time.

    Raises:
        NotRepeatable: the two differ, or the flow reads a clock, draws, or reaches the network outside of a step.
        FlowFails: it cannot be imported, or it ended with a failure.
        ValueError: agents.toml or the event breaks a rule, or `answers` names no agent of it.
    """
    folder = Path(folder)
    check_event(event)
    agents = [agent.name for agent in read_agents(folder)]
    scripted = {agent: [given] if isinstance(given, str) else list(given) for agent, given in (answers or {}).items()}
    if unknown := sorted(scripted.keys() - set(agents)):
        raise ValueError(f"answers must be of agents of agents.toml ({', '.join(agents)}), got {unknown[0]!r}")
    told: dict[str, Any] = {
        "event": dict(event),
        "answers": scripted,
        "steps": dict(steps or {}),
        "reviews": list(reviews),
    }
    first = _pass(folder, {**told, "again": False})
    second = _pass(folder, {**told, "again": True, "steps": {**first["values"], **told["steps"]}})
    _compare(first, second)
    names = [name for name, *_ in first["operations"]]
    asked = [(name, tuple(what)) for name, *what in first["operations"]]
    return Played(result=first["result"], operations=names, asked=asked)


def _pass(folder: Path, told: Mapping[str, Any]) -> dict[str, Any]:
    again = bool(told["again"])
    environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ} | _NOBODY
    environment |= {
        "PYTHONPATH": str(lambda_source()),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": f"{1 + again}",
    }
    done = subprocess.run(  # noqa: S603 - this Python, a module of ours
        [sys.executable, "-P", "-m", "flow_recording.play", str(folder)],
        input=json.dumps({**told, "now": _MOMENTS[again]}),
        env=environment, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False,
    )  # fmt: skip
    if done.returncode:
        raise FlowFails(f"the flow ended its process: {done.stderr.strip()[-2000:]}")
    document: dict[str, Any] = json.loads(done.stdout)
    if document["found"]:
        raise NotRepeatable("; ".join(document["found"]))
    return document


def _compare(first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
    for number, (one, other) in enumerate(zip(first["operations"], second["operations"], strict=False), 1):
        if one != other:
            what = "is given" if one[0] == other[0] else "is"
            raise NotRepeatable(f"operation {number} {what} {_shown(one)} in one pass, {_shown(other)} in another")
    if len(first["operations"]) != len(second["operations"]):
        counts = len(first["operations"]), len(second["operations"])
        raise NotRepeatable(f"one pass has {counts[0]} operations, another {counts[1]}")
    if first.get("failed") != second.get("failed"):
        raise NotRepeatable(f"one pass ends with {first.get('failed')}, another with {second.get('failed')}")
    if "failed" in first:
        raise FlowFails(str(first["failed"]))
    if first["result"] != second["result"]:
        raise NotRepeatable(
            f"the result is {_shown(first['result'])} in one pass, {_shown(second['result'])} in another"
        )


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:200]}..."  # noqa: PLR2004
