"""An execution that goes on in others, in real processes, each killed as it hands over: nothing is made twice."""

import pytest

from scripts.long_run.run import long_run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROOM = 180


def test_killed_at_each_hand_over_there_is_one_result_one_ledger_and_no_call_repeated(tmp_path):
    seen = long_run(tmp_path, rounds=10, room=ROOM)
    assert list(seen.broken()) == []
    assert seen.result["report"] == "19 answers"
    assert seen.executions >= 3
    # the branches at the same time may each have begun one more, and the invoke is the last
    assert seen.largest <= ROOM + 6
    assert seen.operations > 391
