"""Kill rules: which checkpoint update they fire for, and what is refused."""

import pytest

from scripts.local_aws.functions.kill_rules import KillRules
from scripts.local_aws.functions.operation_paths import SeenUpdate


def update(path="research-agent/model-1", index=1, action="SUCCEED"):
    return SeenUpdate(path=path, index=index, type="STEP", sub_type=None, action=action, payload_bytes=0)


def test_a_rule_fires_for_its_operation_action_and_moment_only():
    rules = KillRules.parse([{"operation": "research-agent/model-1", "action": "SUCCEED", "moment": "after"}])
    assert rules.take([update(action="START")], "after") is None
    assert rules.take([update(path="analysis-agent/model-1")], "after") is None
    assert rules.take([update()], "before") is None
    assert rules.take([update()], "after") is not None


def test_a_rule_is_used_up_after_its_times():
    rules = KillRules.parse([{"operation": "*", "moment": "before", "times": 2}])
    assert [rules.take([update()], "before") is not None for _ in range(3)] == [True, True, False]


def test_a_star_stands_for_any_agent():
    rules = KillRules.parse([{"operation": "*/model-1", "action": "START", "moment": "before"}])
    assert rules.take([update(path="summary-agent/model-1", action="START")], "before") is not None


def test_an_index_names_the_nth_update_of_the_execution():
    rules = KillRules.parse([{"operation": {"index": 7}, "moment": "before"}])
    assert rules.take([update(index=6)], "before") is None
    taken = rules.take([update(index=8), update(index=7)], "before")
    assert taken is not None
    assert taken[1].index == 7


def test_of_several_updates_in_one_call_the_matching_one_is_told():
    rules = KillRules.parse([{"operation": "research-agent", "action": "SUCCEED", "moment": "after"}])
    taken = rules.take([update(), update(path="research-agent", index=2)], "after")
    assert taken is not None
    assert taken[1].path == "research-agent"


@pytest.mark.parametrize(
    "document",
    [
        {},
        ["research-agent"],
        [{"action": "START"}],
        [{"operation": {"nth": 1}}],
        [{"operation": "x", "moment": "later"}],
        [{"operation": "x", "action": "BEGIN"}],
        [{"operation": "x", "moment": "during", "action": "SUCCEED"}],
        [{"operation": "x", "how_often": 2}],
    ],
)
def test_fails_when_a_rule_makes_no_sense(document):
    with pytest.raises(ValueError, match=r"kill|operation|moment"):
        KillRules.parse(document)
