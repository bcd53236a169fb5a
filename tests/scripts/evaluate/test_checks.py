"""What each check of a report finds, and what the command refuses."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from scripts.evaluate.checks import Check, checks_of
from scripts.evaluate.command import main
from scripts.evaluate.report import document, rows_of, write_comparison
from scripts.evaluate.run import ADDRESS, Answer
from scripts.evaluate.topics import PACKAGED, BrokenTopics, Suite, Topic, read_suite

CORPUS = {"a.md": "# A\n\nThe pier is 90 metres\nlong, and made of oak.\n", "b.txt": "The crane is red.\n"}
BODY = "# Pier\n\n## Answer\n\nIt is 90 metres long [s1].\n\n## Doubts\n\nThe crane is red [s2].\n"
LIST = f'- [s1] A, {ADDRESS}a.md#L3: "The pier is 90 metres long"\n- [s2] b, {ADDRESS}b.txt#L1: "The crane is red."'
SOURCES = [
    {"id": "s1", "title": "A", "url": f"{ADDRESS}a.md#L3"},
    {"id": "s2", "title": "b", "url": f"{ADDRESS}b.txt#L1"},
]


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    for name, text in CORPUS.items():
        (tmp_path / name).write_text(text)
    topic = Topic(
        name="pier", query="How long?", facts={"length": ("90 ?m",), "colour": ("RED",)}, documents=("a.md", "b.txt")
    )
    return Suite(corpus=tmp_path, words=(10, 30), headings=("Answer", "Doubts"), least_coverage=1, topics=(topic,))


def found(suite: Suite, body: str = BODY, section: str = LIST, **more: Any) -> dict[str, Check]:
    citations = {"verified": 2, "dropped": []}
    result = {"report": f"{body}\n## Sources\n\n{section}", "sources": SOURCES, "citations": citations}
    return {check.name: check for check in checks_of({**result, **more}, suite.topics[0], suite, ADDRESS)}


def test_a_good_report_passes_every_check(suite):
    assert [check for check in found(suite).values() if not check.passed or check.score != 1 or check.detail] == []


DROPPED = [{"claim": "x", "reason": "why"}] * 2


@pytest.mark.parametrize(
    ("name", "changes", "score", "detail"),
    [
        ("ids", {"body": f"{BODY} And [s3]."}, 2 / 3, "s3"),
        ("ids", {"section": LIST.splitlines()[0]}, 0.5, "s2"),
        ("ids", {"body": "# Pier\n\nNo word of a source."}, 0, "none"),
        ("quotes", {"section": LIST.replace("90 metres", "80 metres")}, 0.5, "s1"),
        ("quotes", {"section": LIST.replace("The pier is 90 metres long", "made of oak")}, 0.5, "s1"),
        ("quotes", {"section": ""}, 0, "s1, s2"),
        ("quotes", {"sources": [{**SOURCES[0], "url": f"{ADDRESS}../a.md#L3"}]}, 0, "s1"),
        ("findings", {"citations": {"verified": 0, "dropped": DROPPED}}, 0, "why"),
        ("documents", {"sources": SOURCES[:1]}, 0.5, "b.txt"),
        ("coverage", {"body": BODY.replace("red", "blue")}, 0.5, "colour"),
        ("length", {"body": BODY * 3}, 0, "words, not 10 to 30"),
        ("structure", {"body": BODY.replace("# Pier", "Pier", 1)}, 2 / 3, "title"),
        ("structure", {"body": BODY.replace("Answer", "Other")}, 2 / 3, "Answer"),
        ("structure", {"body": "# Pier\n\n## Doubts\n\n## Answer\n"}, 2 / 3, "Doubts"),
    ],
)
def test_fails_when_a_property_is_missing(suite, name, changes, score, detail):
    check = found(suite, **changes)[name]
    assert (check.passed, check.score) == (False, pytest.approx(score))
    assert detail in check.detail


def test_what_was_dropped_lowers_the_score_of_findings_and_fails_none(suite):
    check = found(suite, citations={"verified": 2, "dropped": DROPPED})["findings"]
    assert (check.passed, check.score, check.detail) == (True, 0.5, "why")


def test_a_quote_that_begins_in_a_later_line_does_not_open_at_the_place(suite):
    section = LIST.replace("a.md#L3", "a.md#L1")
    sources = [{**SOURCES[0], "url": f"{ADDRESS}a.md#L1"}]
    assert not found(suite, section=section, sources=sources)["quotes"].passed


def variant(name: str, *answers: Answer) -> dict[str, Any]:
    return document(name, "a model", answers)


GOOD = Answer("pier", (Check("completed", True, 1.0), Check("ids", True, 1.0)), 2.0, "text", None, 3, "0.5")
FAILED = Answer("quay", (Check("completed", False, 0.0, "Broken"),), 1.0, "", "Broken", 1, None)


def test_a_run_without_a_report_counts_as_nothing_in_every_mean():
    one = variant("one", GOOD, FAILED)
    assert one["means"] == {"completed": 0.5, "ids": 0.5}
    assert not one["passed"]


def test_two_variants_stand_side_by_side_with_what_the_second_has_more():
    cheaper = replace(GOOD, cost_usd="0.25", checks=(GOOD.checks[0], Check("ids", False, 0.5)))
    both = [variant("one", GOOD), variant("two", cheaper)]
    assert rows_of(both)["ids"] == [1.0, 0.5]
    assert rows_of(both)["topics passed"] == [1.0, 0.0]
    assert rows_of([variant("one", GOOD, FAILED)])["USD"] == [None]
    console = Console(record=True, width=100)
    write_comparison(both, console)
    lines = {line.split()[0]: line.split()[1:] for line in console.export_text().splitlines() if line.split()}
    assert lines["USD"] == ["0.5", "0.25", "-0.25"]


BROKEN = {
    "a missing document": ('documents = ["fleet.md"]', r"documents must be files of .*, got 'fleet.md'"),
    "a broken pattern": ("pass = ['(']", r"topics.1.facts: must hold regular expressions, got '\('"),
    "two of one name": ('name = "output"', "topics must have names of their own"),
    "an unknown field": ("author = 1", "author: Extra inputs"),
    "no TOML": ("]", "must be TOML"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_fails_when_a_file_of_topics_breaks_a_rule(tmp_path, case):
    line, said = BROKEN[case]
    text = PACKAGED.read_text().replace('corpus = "corpus"', f'corpus = "{PACKAGED.parent / "corpus"}"')
    changed = {
        "a missing document": text.replace('documents = ["harbour.md"]', line),
        "a broken pattern": text.replace("pass = ['fish pass']", line),
        "two of one name": text.replace('name = "fish"', line),
    }.get(case, f"{line}\n{text}")
    file = tmp_path / "topics.toml"
    file.write_text(changed)
    with pytest.raises(BrokenTopics, match=said):
        read_suite(file)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the bundled model calls no tools"),
        (["--script", "gone.json"], "gone.json cannot be read"),
        (["--script", __file__, "--bedrock"], "only one model can answer"),
        (["--script", __file__, "--topic", "moon"], "--topic must be one of output, fish, fleet, got 'moon'"),
        (["--script", __file__, "--topics", "gone.toml"], "gone.toml cannot be read"),
        (["--script", __file__, "--agents", "gone"], "--agents gone"),
        (
            ["--script", __file__, *["--agents", "lambda_src/agents"] * 3],
            "at most 2 variants stand side by side",
        ),
        (["--script", __file__, "--against", __file__], "must be what --json printed"),
        (["--script", __file__, "--judge-openai-url", "http://x"], "must come with --judge"),
        (["--unknown"], "unrecognized arguments"),
    ],
)
def test_fails_when_the_usage_is_bad(arguments, said, capsys):
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert said in line


@pytest.mark.slow
def test_a_judge_that_cannot_be_asked_fails_its_check_alone():
    from scripts.evaluate.judge import RUBRICS, Judges

    topic = read_suite(PACKAGED).topics[0]
    checks = Judges("a-judge", "http://127.0.0.1:1/v1").checks_of(GOOD, topic)
    assert [check.name for check in checks] == list(RUBRICS)
    assert all(not check.passed and "the judge failed" in check.detail for check in checks)
