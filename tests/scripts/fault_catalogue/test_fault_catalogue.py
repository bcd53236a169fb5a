"""A sample of scripts/fault_catalogue.py, its table in the docs, and that its rules can fail."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from scripts.fault_catalogue.catalogue import ENTRIES, sample
from scripts.fault_catalogue.entry import CALLS, End
from scripts.fault_catalogue.pipeline import Observed
from scripts.fault_catalogue.report import BEGIN, END, PAGE, crashes, record, table
from scripts.fault_catalogue.verdict import judge
from scripts.local_aws.processes.child import REPOSITORY

USAGE = {"inputTokens": 1000, "outputTokens": 100}
GOOD = Observed(
    "SUCCEEDED",
    {"cost_usd": "0.0225", "broken_attempts": 0},
    [(call, USAGE) for call in CALLS],
    list(CALLS),
)
ENTRY = replace(ENTRIES[0], end=End(), paid=5)


def catalogue(*arguments):
    command = [sys.executable, str(REPOSITORY / "scripts" / "fault_catalogue.py"), *arguments]
    environment = {**os.environ, "AWS_PROFILE": "nobody"}  # of the caller's shell, and no business of a local run
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_sample_of_all_families_ends_pays_and_tells_as_stated():
    done = catalogue("--json", "--sample", "16")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["held"], document["tried"], document["known"]) == (16, 16, len(ENTRIES))
    families = {entry["name"].partition(":")[0] for entry in document["entries"]}
    assert {"ConverseStream", "Converse", "engine", "bucket"} <= families
    assert {"exact", "lower bound"} <= {entry["ledger"] for entry in document["entries"]}


def test_there_are_hundreds_of_entries_and_each_has_a_name_of_its_own():
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES) > 200
    assert {ENTRIES[number].family for number in sample(16)} >= {"ConverseStream", "Converse", "engine", "bucket"}


def test_the_page_holds_what_the_catalogue_states_and_the_crash_lab_beside_it():
    block = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
    assert table() in block, "run scripts/fault_catalogue.py --record"
    assert crashes() in block
    assert f"{len(ENTRIES)} of {len(ENTRIES)} entries hold" in block


def test_an_execution_as_stated_holds():
    assert judge(ENTRY, GOOD).reasons == ()


BAD = {
    "another end": (replace(GOOD, status="ModelFailed"), "ended ModelFailed, stated SUCCEEDED"),
    "a reply too many": (replace(GOOD, paid=[*GOOD.paid, GOOD.paid[0]]), "paid 6 replies, stated 5"),
    "a cost below what was served": (
        replace(GOOD, usage={"cost_usd": "0.018", "broken_attempts": 0}),
        "the ledger says 0.018 USD, the endpoint served 0.0225",
    ),
    "an unknown cost": (replace(GOOD, usage={"cost_usd": None}), "the ledger is unknown, stated exact"),
    "a lower bound above what was served": (
        replace(GOOD, usage={"cost_usd": "0.03", "broken_attempts": 1}),
        "the ledger says at least 0.03 USD, the endpoint served 0.0225",
    ),
    "a call bought twice": (replace(GOOD, whole=[*CALLS, CALLS[2]]), "analysis, turn 1, was answered whole 2 times"),
}


@pytest.mark.parametrize("case", BAD)
def test_fails_when_an_execution_shows(case):
    observed, reason = BAD[case]
    assert reason in judge(ENTRY, observed).reasons


def test_fails_when_the_page_has_lost_its_marks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("nothing\n")
    with pytest.raises(ValueError, match="must hold a block between"):
        record([], 1.0, page)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--sample", "none"), "must be a whole number of at least 1, got 'none'"),
        (("--record", "--sample", "3"), "--record needs every entry, got --sample"),
    ],
)
def test_fails_when_the_usage_is_bad(arguments, sentence):
    done = catalogue(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
