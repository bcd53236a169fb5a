"""Paths and numbers of checkpoint updates."""

import pytest

from scripts.local_aws.functions.operation_paths import OperationPaths, agent_and_turn

AGENT = {"Id": "a", "Name": "research-agent", "Type": "CONTEXT", "Action": "START"}
CALL = {"Id": "b", "ParentId": "a", "Name": "model-1", "Type": "STEP", "Action": "START"}


def test_a_nested_operation_is_named_by_its_path_from_the_root():
    seen = OperationPaths().see([AGENT, CALL])
    assert [update.path for update in seen] == ["research-agent", "research-agent/model-1"]


def test_updates_are_numbered_from_one_across_calls():
    paths = OperationPaths()
    paths.see([AGENT])
    assert [update.index for update in paths.see([CALL, CALL])] == [2, 3]


def test_a_later_update_without_a_name_keeps_the_path():
    paths = OperationPaths()
    paths.see([AGENT, CALL])
    [done] = paths.see([{"Id": "b", "Type": "STEP", "Action": "SUCCEED", "Payload": "ä"}])
    assert (done.path, done.status, done.payload_bytes) == ("research-agent/model-1", "SUCCEEDED", 2)


def test_an_operation_without_a_name_stands_as_a_question_mark():
    [seen] = OperationPaths().see([{"Id": "x", "Type": "STEP", "Action": "START"}])
    assert seen.path == "?"


def test_learned_state_gives_paths_but_counts_no_update():
    paths = OperationPaths()
    paths.learn([AGENT])
    [seen] = paths.see([CALL])
    assert (seen.path, seen.index) == ("research-agent/model-1", 1)


def test_the_execution_itself_is_not_part_of_a_path():
    paths = OperationPaths()
    paths.learn([{"Id": "root", "Type": "EXECUTION", "Name": "run"}])
    [seen] = paths.see([{**AGENT, "ParentId": "root"}])
    assert seen.path == "research-agent"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("research-agent/model-2", ("research", 2)),
        ("branch-0/research-agent/model-1", ("research", 1)),
        ("research-agent", ("research", None)),
        ("research-agent/tool-1-search", (None, None)),
        ("research-agent/tools-1/tool-1-search", (None, None)),
        ("demo-checkpoint", (None, None)),
        ("model-1", (None, None)),
    ],
)
def test_a_path_says_whose_model_call_the_step_makes(path, expected):
    assert agent_and_turn(path) == expected
