"""Calls that a Lambda timeout would cut: timeouts by latencies, on real processes, with and without the gate."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.bench.row import Asked, NotMeasured, Row
from scripts.local_aws.processes.child import REPOSITORY
from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings

TIMEOUTS, LATENCIES, TURNS = (30, 45), (1, 2, 4), 6
LONG_TIMEOUT = 900
"""In which all calls fit, whatever they take: what the others are compared with."""

WITHOUT = """import sys

sys.path.insert(0, {lambda_src!r})
from durable_strands import gate

gate.WORTHWHILE_SECONDS = float("inf")  # no invocation has as much more, so every call begins at once
from handler import lambda_handler
"""
AGENT = """[[agents]]
name = "worker"
inputs = ["query"]
model = "us.anthropic.claude-sonnet-4-6"
max_tokens = 1000
tools = ["look"]
"""
TOOLS = """from strands import tool


@tool
def look(page: str) -> str:
    \"\"\"Look at a page.

    Args:
        page: Which one.
    \"\"\"
    return page
"""


@dataclass(frozen=True)
class Swept:
    """What became of the executions of one timeout.

    Attributes:
        cut: calls whose client left before the reply was whole, as the endpoint saw it.
        twice: calls that were made more than once.
        deferrals: how often a call was put off.
        seconds: wall by latency; of those that ended well.
    """

    cut: int
    twice: int
    deferrals: int
    seconds: Mapping[int, float]


def sweep(asked: Asked) -> Iterator[Row]:
    """Agents of six turns, each call of one latency, under each timeout; the same without the look at the clock."""
    agents = _agents(asked.scratch / "agents")
    whole = _swept(asked.scratch / "whole", agents, LONG_TIMEOUT)
    held = [_swept(asked.scratch / f"held-{timeout}", agents, timeout) for timeout in TIMEOUTS]
    bare = [_swept(asked.scratch / f"bare-{timeout}", agents, timeout, look=False) for timeout in TIMEOUTS]
    for timeout, each in zip((LONG_TIMEOUT, *TIMEOUTS), (whole, *held), strict=True):
        if failed := [latency for latency in LATENCIES if latency not in each.seconds]:
            raise NotMeasured(f"with calls of {failed[0]} s under a timeout of {timeout} s an execution failed")
    seconds, calls = " and ".join(map(str, TIMEOUTS)), len(TIMEOUTS) * len(LATENCIES) * TURNS
    latencies = ", ".join(map(str, LATENCIES))
    how = f"{calls} calls of {latencies} s, in processes killed after {seconds} s, as the Bedrock endpoint saw them"
    without = f"{how}, each call begun at once"
    extra = [each.seconds[latency] - whole.seconds[latency] for each in held for latency in LATENCIES]
    deferrals = sum(each.deferrals for each in held)
    for name, what, value, target, measured in (
        ("yield-cut", "model calls cut by the Lambda timeout", sum(each.cut for each in held), 0, how),
        ("yield-twice", "model calls made, and paid, twice", sum(each.twice for each in held), 0, how),
        ("yield-deferrals", "calls put off to the next invocation", deferrals, None, how),
        ("yield-cut-without", "model calls cut without the look at the clock", sum(b.cut for b in bare), None, without),
        ("yield-twice-without", "model calls made twice without it", sum(b.twice for b in bare), None, without),
    ):
        yield Row(name=name, what=what, value=value, unit="calls", target=target, how=measured)
    yield Row(
        name="yield-extra", what="extra wall for each call put off", value=sum(extra) / max(1, deferrals), unit="s",
        how=f"wall beyond that under a timeout of {LONG_TIMEOUT} s, over the calls put off: a timer of 1 s, a process",
    )  # fmt: skip


def _agents(folder: Path) -> Path:
    (folder / "prompts").mkdir(parents=True)
    (folder / "prompts" / "worker.md").write_text("You are a worker.")
    (folder / "agents.toml").write_text(AGENT)
    (folder / "tools.py").write_text(TOOLS)
    return folder


def _swept(folder: Path, agents: Path, timeout: int, *, look: bool = True) -> Swept:
    folder.mkdir()
    script = folder / "replies.json"
    script.write_text(json.dumps({"replies": [_reply(latency, turn) for latency in LATENCIES for turn in _turns()]}))
    settings = StackSettings(
        folder=folder / "stack", model=("--script", str(script)), timeout_seconds=timeout, crash_retry_seconds=0.2,
        environment={"AGENTS_FOLDER": str(agents), "MODEL_USUAL_SECONDS": "5"}, **({} if look else _without(folder)),
    )  # fmt: skip
    with LocalStack(settings) as stack:
        with ThreadPoolExecutor() as pool:
            ended = dict(zip(LATENCIES, pool.map(lambda latency: _seconds(stack, latency), LATENCIES), strict=True))
        calls, events = read_all(stack.calls), read_all(stack.events)
    made = Counter((call["reply"], call["turn"]) for call in calls if call["event"] == "started")
    return Swept(
        cut=sum(call["event"] == "disconnected" for call in calls),
        twice=sum(times > 1 for times in made.values()),
        deferrals=sum(event.get("type") == "WAIT" and event.get("action") == "START" for event in events),
        seconds={latency: wall for latency, wall in ended.items() if wall is not None},
    )


def _without(folder: Path) -> dict[str, Any]:
    """The function with a handler of its own, whose calls begin whatever the time."""
    root = folder / "function"
    root.mkdir()
    (root / "without.py").write_text(WITHOUT.format(lambda_src=str(REPOSITORY / "lambda_src")))
    return {"function_root": root, "handler": "without.lambda_handler"}


def _turns() -> range:
    return range(1, TURNS + 1)


def _reply(latency: int, turn: int) -> dict[str, Any]:
    asks = [{"name": "look", "input": {"page": str(turn)}}] if turn < TURNS else []
    return {
        "name": f"latency-{latency}", "contains": f"latency {latency};", "turn": turn, "delay_seconds": latency,
        "text": "a text", "tool_uses": asks,
    }  # fmt: skip


def _seconds(stack: LocalStack, latency: int) -> float | None:
    """Wall of one execution; None if it failed."""
    began = time.monotonic()
    event = json.dumps({"query": f"latency {latency};"}).encode()
    reply = stack.client().invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, Payload=event)
    return None if reply.get("FunctionError") else time.monotonic() - began
