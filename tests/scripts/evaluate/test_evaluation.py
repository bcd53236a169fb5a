"""An evaluation as a user starts it, with a scripted model and a scripted judge over Bedrock's wire."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.local_aws.bedrock.process import ScriptedBedrock
from scripts.local_aws.processes.child import REPOSITORY
from tests.scripts.evaluate.scripted_model import script, suite

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

CHECKS = ["completed", "ids", "quotes", "findings", "documents", "coverage", "length", "structure"]
JUDGED = ["judged-support", "judged-answer"]


def evaluate(*arguments: Any, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/evaluate.py", *map(str, arguments)]
    environment = {**{name: value for name, value in os.environ.items() if name != "AWS_PROFILE"}, **variables}
    return subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=380, check=False
    )


def judge(number: float, *, passed: bool) -> dict[str, Any]:
    said = {"score": number, "test_pass": passed, "reason": "it follows"}
    return {"name": "EvaluationOutput", "input": said}


def test_good_reports_pass_every_check_and_are_judged_by_the_model_that_is_named(tmp_path: Path):
    with ScriptedBedrock(tmp_path) as bedrock:
        replies = [
            {"contains": "Each statement of the report", "tool_uses": [judge(0.9, passed=True)]},
            {"contains": "The report must answer", "tool_uses": [judge(0.8, passed=True)]},
        ]
        bedrock.answer_from({"replies": replies})
        keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"}
        where = {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock.url, **keys}
        done = evaluate("--script", script(tmp_path), "--judge", "a-judge", "--json", **where)
        asked = [line for line in bedrock.served_lines() if line["event"] == "started"]
    assert done.returncode == 0, done.stderr + done.stdout
    (variant,) = json.loads(done.stdout)["variants"]
    assert list(variant["means"]) == [*CHECKS, *JUDGED]
    assert {name: variant["means"][name] for name in JUDGED} == pytest.approx(
        {"judged-support": 0.9, "judged-answer": 0.8}
    )
    assert {variant["means"][name] for name in CHECKS} == {1.0}
    assert [topic["topic"] for topic in variant["topics"]] == [topic.name for topic in suite().topics]
    assert all(topic["model_calls"] == 5 and topic["report"].count("## Sources") == 1 for topic in variant["topics"])
    assert len(asked) == len(JUDGED) * len(suite().topics)


def test_bad_reports_fail_and_stand_side_by_side_with_earlier_ones(tmp_path: Path):
    sums = {"model_calls": 1, "cost_usd": "1", "words": 9, "seconds": 1}
    topic = {"topic": "output", "checks": {}, "passed": True, **sums}
    earlier = tmp_path / "earlier.json"
    means = dict.fromkeys(CHECKS, 1.0)
    earlier.write_text(json.dumps({"variants": [{"name": "before", "means": means, "topics": [topic]}]}))
    agents = REPOSITORY / "lambda_src" / "agents"
    bad = script(tmp_path, good=False)
    done = evaluate("--script", bad, "--topic", "output", "--agents", agents, "--agents", agents, "--against", earlier)
    assert done.returncode == 1, done.stderr
    for said in ("ids: none", "findings: it cites a source that", "its quote does not stand", "structure: title, Exec"):
        assert said in done.stdout, done.stdout
    table = done.stdout.partition("side by side")[2]
    assert "before (earlier.json)" in " ".join(table.split())
    (coverage,) = [line.split() for line in table.splitlines() if line.strip().startswith("coverage")]
    assert coverage == ["coverage", "1", "0", "0"]
    assert "difference" not in table
