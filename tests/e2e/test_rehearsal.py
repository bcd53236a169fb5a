"""The cause of every alarm is provoked: it rings and no other, its message arrives, the runbook finds the cause."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from scripts.local_aws.cloudwatch.metrics import MetricId
from scripts.local_aws.processes.child import REPOSITORY
from scripts.rehearse.causes import SCENARIOS
from scripts.rehearse.rehearsal import Rehearsal
from scripts.rehearse.stage import Stage
from scripts.rehearse.synthesized import synthesized
from tests.infra.monitoring.test_runbook import ALARMS, MOST_COMMANDS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_every_alarm_is_rehearsed_from_its_cause_to_the_command_that_names_it():
    command = [sys.executable, str(REPOSITORY / "scripts" / "rehearse.py"), "all", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=800)
    assert done.returncode == 0, done.stderr
    healthy, *rehearsals = json.loads(done.stdout)["rehearsals"]
    assert (healthy["name"], healthy["rang"]) == ("Healthy", {})
    assert sorted(one["name"] for one in rehearsals) == sorted(ALARMS)
    for one in rehearsals:
        assert one["name"] in one["rang"]
        assert one["message"].endswith(f"#{one['name'].lower()}")
        assert 1 <= one["found_by"] <= MOST_COMMANDS


def test_a_rehearsal_fails_when_an_alarm_watches_another_metric_or_the_runbook_does_not_say_the_cause(tmp_path):
    made = synthesized()
    (failed,) = (scenario for scenario in SCENARIOS if scenario.alarm == "Failed")
    (watch,) = (alarm for alarm in made.alarms() if alarm.name == "Failed")
    (line,) = watch.lines
    assert line.metric is not None
    wrong = replace(line, metric=MetricId(line.metric.namespace, "ExecutionsFailed", line.metric.dimensions))
    with Stage(tmp_path, made) as stage:
        planted = Rehearsal(stage, [replace(watch, lines=(wrong,))])
        outcome = planted.rehearse(replace(failed, finds="no such word"))
    assert outcome.reasons == (
        "Failed must ring, it does not",
        "none of the runbook's 2 commands says 'no such word'",
    )
