"""Kept histories: today's code replays every one, whatever is missing or new is told, and no text is in them."""

import copy
import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from scripts.record_history.command import FOLDER, main
from scripts.record_history.golden import Golden, Unrecordable, golden_of
from scripts.record_history.mutants import mutants, sample
from scripts.record_history.replay import ROOT, differing, replay
from scripts.record_history.scrub import Scrubber

FILES = sorted(FOLDER.glob("*.json"))
SOURCE = ROOT / "lambda_src"


@pytest.fixture(scope="module")
def packaged() -> Golden:
    return Golden.read(FOLDER / "packaged.json")


def test_the_packaged_flow_and_its_variants_are_kept():
    assert {file.stem for file in FILES} == {"batch", "packaged", "tools", "topics-review"}


@pytest.mark.parametrize("opened", [True, False], ids=["from the calls on", "after its end"])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_todays_code_replays_it_to_the_same_end_and_begins_nothing(file, opened):
    golden = Golden.read(file)
    replayed = replay(golden, opened=opened)
    assert replayed.wrong == []
    assert replayed.status == "SUCCEEDED"
    contexts = {each["Id"] for each in golden.operations if each["Type"] == "CONTEXT"}
    assert replayed.contexts.keys() == (contexts if opened else set())


def without(golden: Golden, name: str) -> Golden:
    changed = copy.deepcopy(golden)
    changed.operations = [each for each in changed.operations if each["Name"] != name]
    return changed


def test_fails_when_the_history_lacks_what_the_code_does(packaged):
    wrong = replay(without(packaged, "demo-checkpoint"), opened=True).wrong
    assert any("summary-agent" in each for each in wrong)
    (last,) = [each for each in packaged.operations if each["Name"] == "summary-agent"]
    shorter = copy.deepcopy(packaged)
    shorter.operations = [each for each in shorter.operations if last["Id"] not in (each["Id"], each.get("ParentId"))]
    assert "new operation: START of CONTEXT summary-agent" in replay(shorter, opened=True).wrong


def test_fails_when_the_history_has_what_the_code_leaves_out(packaged):
    longer = copy.deepcopy(packaged)
    longer.operations.append({"Id": "0" * 64, "Type": "WAIT", "Status": "SUCCEEDED", "Name": "late", "WaitDetails": {}})
    for opened in (True, False):
        assert replay(longer, opened=opened).wrong == ["the flow does not come to late"]


@pytest.mark.parametrize("opened", [True, False])
def test_fails_when_a_result_is_another_one(packaged, opened):
    changed = copy.deepcopy(packaged)
    changed.result["analysis"] = "another"
    assert replay(changed, opened=opened).wrong == ["another result at analysis"]


def test_fails_when_a_value_on_the_way_is_another_one(packaged):
    changed = copy.deepcopy(packaged)
    (agent,) = [each for each in changed.operations if each["Name"] == "research-agent"]
    value = json.loads(agent["ContextDetails"]["Result"])
    value["stop_reason"] = "stop_sequence"
    agent["ContextDetails"]["Result"] = json.dumps(value)
    assert replay(changed, opened=True).wrong == ["research-agent: another value at stop_reason"]


def test_a_field_that_is_new_is_no_difference_and_one_that_is_gone_is():
    assert list(differing({"a": [1]}, {"a": [1], "b": 2})) == []
    assert list(differing({"a": 1, "cost_usd": "1"}, {"cost_usd": "2"})) == ["a"]
    assert list(differing({"a": [1, 2]}, {"a": [2, 1]})) == ["a[0]", "a[1]"]
    assert list(differing(1, True)) == ["the whole"]


def test_the_same_text_has_the_same_stand_in_and_what_decides_is_kept():
    scrubber = Scrubber()
    secret = {"text": "a secret", "role": "user", "cost": "0.25", "inner": json.dumps({"text": "a secret", "n": [1]})}
    bare = scrubber.value(secret)
    assert "secret" not in json.dumps(bare)
    assert (bare["role"], bare["cost"]) == ("user", "0.25")
    assert json.loads(bare["inner"]) == {"text": bare["text"], "n": [1]}
    assert bare["text"].endswith(f"-{len('a secret')}")
    assert Scrubber().value(secret)["text"] != bare["text"], "a digest without a key could be guessed"


def test_no_text_of_the_scenarios_is_kept():
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        assert not [
            word for word in ("agent says as", "finding 1", "edge computing", "hardware", "which angle") if word in text
        ]


def event(kind: str, key: str, **details: Any) -> dict[str, Any]:
    return {"EventType": kind, "Id": key, "Name": key, f"{kind}Details": details}


STARTED = event("ExecutionStarted", "e", Input={"Payload": "{}"})
ENDED = event("ExecutionSucceeded", "e", Result={"Payload": "{}"})


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([STARTED], "the execution must have ended"),
        ([STARTED, event("StepStarted", "s"), ENDED], "every operation must have ended, got s open"),
        (
            [STARTED, event("StepSucceeded", "s", Result={"Payload": "1", "Truncated": True}), ENDED],
            "the history must tell all of the result of s",
        ),
        (
            [STARTED, event("StepSucceeded", "s", Result={"Payload": '{"$stored": {}}'}), ENDED],
            "results in a bucket cannot be kept",
        ),
    ],
)  # fmt: skip
def test_fails_when_a_history_does_not_tell_everything(events, words):
    with pytest.raises(Unrecordable, match=words.replace("(", r"\(")):
        golden_of(events)


@pytest.mark.parametrize(
    "arguments", [[], ["--check", "--mutants"], ["--record", "x"], ["--packaged", "--env", "x"], ["--mutants", "x"]]
)
def test_fails_when_the_command_line_says_too_little_or_too_much(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert capsys.readouterr().out == ""


def test_fails_in_one_line_when_a_file_is_no_history(tmp_path, capsys):
    (tmp_path / "x.json").write_text("{}")
    assert main(["--check", str(tmp_path / "x.json")]) == 1
    assert main(["--record", str(tmp_path / "x.json"), "--output", str(tmp_path / "y.json")]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(" must be ")[0].rpartition("/")[2] for line in said] == [
        "x.json",
        "record history: --record",
    ]


def test_every_mutant_changes_the_code_as_it_is(tmp_path):
    known = mutants()
    assert len({mutant.name for mutant in known}) == len(known)
    assert (sum(mutant.breaks for mutant in known), sum(not mutant.breaks for mutant in known)) >= (30, 12)
    for mutant in known:
        files = {edit.file for edit in mutant.edits}
        for file in files:
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SOURCE / file, tmp_path / file)
        mutant.make(tmp_path)
        for file in files:
            compile((tmp_path / file).read_text(), file, "exec")


def test_a_sample_has_mutants_of_both_kinds():
    assert {mutant.breaks for mutant in sample(4)} == {True, False}


@pytest.mark.slow
def test_a_sample_of_mutants_is_told_apart():
    command = [sys.executable, "scripts/record_history.py", "--mutants", "4", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert counts["breaking"] == counts["breaking_refused"] > 0
    assert counts["harmless"] == counts["harmless_passed"] > 0
