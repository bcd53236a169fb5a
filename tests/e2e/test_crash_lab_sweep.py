"""A small sweep of the crash lab with its real processes, started as a user starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.crash_lab.observation import Evidence
from scripts.crash_lab.scenarios import SCENARIOS
from scripts.crash_lab.scenarios.sources import READ
from scripts.crash_lab.scenarios.tools import TOOLS
from scripts.crash_lab.stack import LabStack
from scripts.crash_lab.verdict import times_made
from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLES = {
    "tools": (4, 92, (6, 6)),
    "sources": (6, 86 if READ < 7 else 95, (5, READ + 1)),
    "flow": (4, 89, (7, 1)),
    "batch": (4, 28, (2, 0)),
}
"""Scenario -> points to try, least that there are, calls of models and of tools."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def crash_lab(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/crash_lab.py", *arguments]
    environment = {**os.environ, "AWS_PROFILE": "nobody"}  # of the caller's shell, and no business of a local run
    return subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=580, check=False
    )


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_sample_of_kills_repeats_no_completed_call(scenario: str, tmp_path: Path):
    points, least_known, calls = SAMPLES[scenario]
    picture = ("--picture", str(tmp_path / "sweep.png"))
    done = crash_lab("--scenario", scenario, "--points", str(points), "--json", *picture)

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["points_known"] >= least_known
    assert figures["points_tried"] == figures["points_holding"] == figures["processes_killed"] == points
    assert figures["results_identical"] == figures["ledgers_identical"] == points
    assert figures["reviews_asked_again"] == 0
    assert figures["completed_calls_repeated"] == 0
    assert figures["completed_calls_kept"] > 0, "a sample in which nothing was completed proves nothing"
    undisturbed = figures["undisturbed"][scenario]
    assert (undisturbed["model_calls"], undisturbed["tool_calls"]) == calls
    assert all(point["killed_pid"] not in point["pids"][1:] for point in figures["points"] if len(point["pids"]) == 2)
    assert all(point["in_flight_calls_repeated"] for point in figures["points"] if point["moment"] == "during")
    assert (tmp_path / f"sweep-{scenario}.png").read_bytes().startswith(b"\x89PNG")
    if scenario == "sources":
        killed = {point["moment"] for point in figures["points"] if "/tool-" in point["operation"]}
        assert killed >= {"during", "after"}, "the sample must have a kill inside a tool"
        assert (undisturbed["sources"], undisturbed["verified"], undisturbed["dropped"]) == (READ, READ, 3)


def test_a_sample_of_redrives_pays_no_call_of_their_prefix():
    redriven = {"tools", "flow"}
    done = crash_lab("--redrive", "--points", "3", "--json")

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["operations_known"] >= 30
    assert figures["operations_tried"] == figures["operations_holding"] == 3 * len(redriven)
    assert figures["calls_taken"] > len(redriven)
    assert figures["calls_paid_again"] == 0
    assert {redrive["scenario"] for redrive in figures["redrives"]} == redriven
    assert all(redrive["made"] for redrive in figures["redrives"])


def test_bad_usage_starts_nothing():
    done = crash_lab("--points", "none")

    assert done.returncode == 2
    assert done.stdout == ""
    assert "must be a whole number of at least 1, got 'none'" in done.stderr


def test_a_call_whose_process_dies_at_every_attempt_ends_typed_and_repeats_nothing_before_it(tmp_path: Path):
    rules = [{"operation": "research-agent/model-2", "action": "START", "moment": "after", "times": 3}]
    with LabStack(tmp_path, TOOLS) as stack:
        stack.prepare(script=TOOLS.script(), kill_rules=rules, hold=None)
        reply = stack.client().invoke(
            FunctionName=FUNCTION_NAME, Qualifier=ALIAS, Payload=json.dumps(TOOLS.event).encode()
        )
        error = json.loads(reply["Payload"].read())
        evidence = Evidence(read_all(stack.events), read_all(stack.calls), read_all(stack.witness))

    assert error["errorType"] == "CallInterrupted"
    assert sum(line["event"] == "killed" for line in evidence.events) == 3
    assert times_made(evidence) == dict.fromkeys([call.witness for call in TOOLS.calls[:4]], 1)
