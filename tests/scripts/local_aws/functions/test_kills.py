"""Real SIGKILLs at chosen checkpoints, and what the next process repeats."""

import json
from pathlib import Path

import pytest

from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import LocalStack, StackSettings

pytestmark = pytest.mark.slow
FUNCTIONS = Path(__file__).parent / "handlers"


def killed_at(tmp_path, *rules, **choices):
    """Run the counting function under the rules; returns (steps that really ran, pids that ran, killed events)."""
    notes = tmp_path / "notes"
    settings = StackSettings(
        folder=tmp_path / "stack",
        function_root=FUNCTIONS,
        handler="counting.handler",
        kill_rules=rules,
        crash_retry_seconds=0.05,
        skip_time=True,
    )
    with LocalStack(settings) as stack:
        payload = json.dumps({"notes": str(notes), **choices})
        answer = stack.client().invoke(FunctionName="counting", Qualifier="live", Payload=payload)
        assert json.loads(answer["Payload"].read())["done"][-1] == "three"
        events = read_all(stack.events)
    steps = [line.split()[0] for line in notes.read_text().splitlines()]
    pids = [event["pid"] for event in events if event["event"] == "invocation_started"]
    return steps, pids, [event for event in events if event["event"] == "killed"]


def test_killed_after_a_checkpoint_nothing_is_repeated(tmp_path):
    rule = {"operation": "two", "action": "SUCCEED", "moment": "after"}
    steps, pids, [killed] = killed_at(tmp_path, rule)
    assert steps == ["one", "two", "three"]
    assert killed["pid"] == pids[0] != pids[1]
    assert killed["operation"] == "two"


def test_killed_before_a_checkpoint_only_that_step_is_repeated(tmp_path):
    steps, pids, _ = killed_at(tmp_path, {"operation": "two", "action": "SUCCEED", "moment": "before"})
    assert steps == ["one", "two", "two", "three"]
    assert len(pids) >= 2


def test_killed_during_a_step_only_that_step_is_repeated(tmp_path):
    rule = {"operation": "inner/leaf", "action": "START", "moment": "during", "delay_seconds": 0.3}
    steps, _, [killed] = killed_at(tmp_path, rule, inside=True, pause=0.6)
    assert steps == ["one", "two", "leaf", "leaf", "three"]
    assert killed["moment"] == "during"


def test_killed_at_the_nth_update_whatever_it_is(tmp_path):
    steps, _, [killed] = killed_at(tmp_path, {"operation": {"index": 1}, "moment": "before"})
    assert steps == ["one", "two", "three"]
    assert killed["index"] == 1


def test_two_rules_kill_two_processes(tmp_path):
    rules = [{"operation": name, "action": "SUCCEED", "moment": "after"} for name in ("one", "three")]
    steps, pids, killed = killed_at(tmp_path, *rules)
    assert steps == ["one", "two", "three"]
    assert [event["pid"] for event in killed] == pids[:2]


def test_fails_when_the_kill_rules_make_no_sense(tmp_path):
    with pytest.raises(Exception, match=r"kill-rules\.json: moment is"):
        killed_at(tmp_path, {"operation": "two", "moment": "whenever"})
