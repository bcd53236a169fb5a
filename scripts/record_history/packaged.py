"""The golden histories of this repository: the crash lab's scenarios, recorded over its real processes."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from scripts.crash_lab.observation import observe
from scripts.crash_lab.scenario import Scenario, says
from scripts.crash_lab.scenarios import SCENARIOS
from scripts.crash_lab.stack import LabStack
from scripts.record_history.golden import Golden, Unrecordable
from scripts.record_history.recording import recorded

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "histories"
PLAIN = Scenario(
    name="flow",
    event={"query": "edge computing", "demo_checkpoint": True},
    replies=tuple(says(number, agent, agent) for number, agent in enumerate(("research", "analysis", "summary"), 1)),
    calls=(),
    packaged_flow=True,
)
"""The packaged flow and nothing chosen but a wait."""

RECORDED = {
    "packaged": PLAIN,
    "topics-review": SCENARIOS["flow"],
    "tools": SCENARIOS["tools"],
    "batch": SCENARIOS["batch"],
}


def record_packaged(folder: Path = FOLDER) -> Iterator[tuple[Path, Golden]]:
    """Run each anew, keep it and say where.

    Raises:
        Unrecordable: one did not succeed, or is not replayed.
    """
    for name, scenario in RECORDED.items():
        file = folder / f"{name}.json"
        with contextlib.redirect_stdout(sys.stderr):  # what the handler logs of its replays
            golden = _recorded(scenario)
        golden.write(file)
        yield file, golden


def _recorded(scenario: Scenario) -> Golden:
    with tempfile.TemporaryDirectory() as folder, LabStack(Path(folder) / "lab", scenario) as stack:
        evidence = observe(stack, None, threading.Event())
        if evidence.result is None:
            raise Unrecordable(f"{scenario.name}: {evidence.failure}")
        pages = (
            stack.client()
            .get_paginator("get_durable_execution_history")
            .paginate(DurableExecutionArn=str(evidence.execution), IncludeExecutionData=True)
        )
        events = [event for page in pages for event in page["Events"]]
        told = {"REVIEW_TOPIC_ARN": stack.topic.arn} if scenario.reviews else {}
    agents = f"scripts/crash_lab/agents/{scenario.name}"
    return recorded(events, agents=agents, packaged_flow=scenario.packaged_flow, environment=told)
