"""Processes of the local stack end with whoever started them, and say so when they end by themselves."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.local_aws.processes.child import REPOSITORY, Child, ChildDied
from scripts.local_aws.stack import LocalStack, StackSettings

FUNCTIONS = Path(__file__).parent / "functions" / "handlers"
STARTER = """
import json, sys, time
from pathlib import Path
from scripts.local_aws.stack import LocalStack, StackSettings

folder = Path(sys.argv[1])
settings = StackSettings(folder=folder, function_root=Path(sys.argv[2]), handler="counting.handler")
with LocalStack(settings) as stack:
    payload = json.dumps({"notes": str(folder / "notes"), "pause": 60})
    stack.client().invoke(FunctionName="f", Qualifier="live", InvocationType="Event", Payload=payload)
    while not (folder / "notes").exists():
        time.sleep(0.05)
    print(json.dumps(stack.pids()), flush=True)
    time.sleep(60)
"""


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone_within(seconds, pids):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
def test_every_process_ends_when_the_one_that_started_them_is_killed(tmp_path):
    command = [sys.executable, "-c", STARTER, str(tmp_path), str(FUNCTIONS)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pids = list(json.loads(starter.stdout.readline()).values())
        pids.append(int((tmp_path / "notes").read_text().split()[1]))  # the function itself, in its step
        assert all(alive(pid) for pid in pids)
        starter.kill()
    assert gone_within(60, pids)


def check_until_it_is_noticed(stack):
    """The kernel shows a dead leader before its threads are gone and it can be waited for."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        stack.check()
        time.sleep(0.05)


def test_a_process_that_dies_is_told_with_its_log_and_its_last_lines(tmp_path):
    settings = StackSettings(folder=tmp_path, function_root=FUNCTIONS, handler="counting.handler")
    with LocalStack(settings) as stack:
        os.kill(stack.pids()["durable engine"], signal.SIGKILL)
        assert gone_within(10, [stack.pids()["durable engine"]])
        with pytest.raises(ChildDied) as told:
            check_until_it_is_noticed(stack)
    message = str(told.value)
    assert message.startswith(f"the durable engine ended with signal 9; its log is {tmp_path / 'durable-engine.log'}")
    assert "ready http://127.0.0.1:" in message


def test_a_process_that_never_gets_ready_is_told(tmp_path):
    child = Child("clock", "this", [], tmp_path / "clock.log", os.environ)  # prints the Zen of Python and ends
    with pytest.raises(ChildDied, match=r"the clock ended with status 0; its log is .*clock\.log and ends with:"):
        child.url()
    child.stop()
