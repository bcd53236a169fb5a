"""Many executions at once on the local stack: none lost, none mixed, as many at a time as the setting says."""

import itertools
import json
import time
from pathlib import Path

import pytest

from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import LocalStack, StackSettings

AT_ONCE = 10
CROWD = 24
FUNCTIONS = Path(__file__).parent / "handlers"


def started(client, folder, number):
    payload = json.dumps({"notes": str(folder), "number": number, "gather": AT_ONCE})
    answer = client.invoke(FunctionName="f", Qualifier="live", InvocationType="Event", Payload=payload)
    return answer["DurableExecutionArn"]


def result(client, execution):
    until = time.monotonic() + 120
    while (details := client.get_durable_execution(DurableExecutionArn=execution))["Status"] == "RUNNING":
        assert time.monotonic() < until
        time.sleep(0.1)
    return json.loads(details["Result"])


def most_at_once(events):
    steps = {"invocation_started": 1, "invocation_ended": -1}
    changes = [steps[event["event"]] for event in events if event["event"] in steps]
    return max(itertools.accumulate(changes))


@pytest.mark.slow
def test_a_crowd_runs_as_many_at_a_time_as_the_setting_says_and_each_gets_its_own_result(tmp_path):
    folder = tmp_path / "inside"
    folder.mkdir()
    settings = StackSettings(
        folder=tmp_path / "stack",
        function_root=FUNCTIONS,
        handler="counting.handler",
        concurrent_invocations=AT_ONCE,
    )
    with LocalStack(settings) as stack:
        client = stack.client()
        executions = [started(client, folder, number) for number in range(CROWD)]
        assert [result(client, execution) for execution in executions] == [{"gathered": n} for n in range(CROWD)]
    assert most_at_once(read_all(settings.folder / "events.jsonl")) == AT_ONCE
