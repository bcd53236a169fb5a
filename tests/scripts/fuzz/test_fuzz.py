"""A sample of scripts/fuzz.py; the whole is the command itself."""

import json
import subprocess
import sys

import pytest
from hypothesis import strategies as st

from scripts.fuzz.sweep import MARK, Broken, sweep
from scripts.local_aws.processes.child import REPOSITORY


def fuzz(*arguments):
    command = [sys.executable, str(REPOSITORY / "scripts" / "fuzz.py"), "--json", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_every_end_is_typed_and_no_message_holds_a_text():
    done = fuzz("--events", "1500", "--declarations", "800", "--streams", "25")
    assert done.returncode == 0, done.stderr
    ends = json.loads(done.stdout)
    assert [sum(seen.values()) for seen in ends.values()] == [1500, 800, 25]
    assert {"a request", "InvalidRequest"} <= ends["events"].keys()
    assert {"agents", "refused"} <= ends["declarations"].keys()
    assert len(ends["streams"]) > 3


def test_fails_when_a_message_repeats_the_text():
    with pytest.raises(Broken, match="repeats the caller's text"):
        sweep(st.just("x"), lambda _: ("refused", f"got {MARK}"), 3, 1)


def test_fails_when_an_end_is_not_typed():
    with pytest.raises(RecursionError):
        sweep(st.just("x"), lambda _: (_ for _ in ()).throw(RecursionError()), 3, 1)


def test_fails_when_a_count_is_no_number():
    done = fuzz("--events", "many")
    assert done.returncode == 2
    assert "must be a whole number of at least 0, got 'many'" in done.stderr
