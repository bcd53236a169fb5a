"""review_answer.py: what a person's answer means, and that nothing unclear is a yes."""

import json
from typing import Any

import pytest

from agent_workflow.review_answer import Answer, Unreadable, digest_of, read_answer

DIGEST = digest_of("the text")


def read(document: Any, *, may_revise: bool = True) -> Answer:
    text = document if isinstance(document, str) or document is None else json.dumps(document)
    return read_answer(text, number=2, digest=DIGEST, may_revise=may_revise)


@pytest.mark.parametrize(
    ("document", "answer"),
    [
        ({"decision": "approve"}, Answer("approve")),
        ({"decision": "approve", "reviewer": "Ada", "round": 2, "digest": DIGEST}, Answer("approve", None, "Ada")),
        ({"decision": "reject", "reason": "no"}, Answer("reject", "no")),
        ({"decision": "reject"}, Answer("reject")),
        ({"decision": "edit", "text": " new "}, Answer("edit", " new ")),
        ({"decision": "revise", "comments": "短く"}, Answer("revise", "短く")),
    ],
)
def test_a_decision_is_read(document: Any, answer: Answer):
    assert read(document) == answer


UNREADABLE = {
    "nothing": None,
    "an empty answer": "",
    "a word": "approve",
    "a string": '"approve"',
    "a list": ["approve"],
    "true": "true",
    "two documents": '{"decision": "approve"}{"decision": "approve"}',
    "two decisions": '{"decision": "reject", "decision": "approve"}',
    "no decision": {"reviewer": "Ada"},
    "a decision in capitals": {"decision": "APPROVE"},
    "a decision that is a list": {"decision": ["approve"]},
    "an unknown field": {"decision": "approve", "text": "x"},
    "another round": {"decision": "approve", "round": 1},
    "another text": {"decision": "approve", "digest": digest_of("another")},
    "an empty edit": {"decision": "edit", "text": ""},
    "an invisible edit": {"decision": "edit", "text": " \u200b\n"},
    "an edit without text": {"decision": "edit"},
    "a revision without comments": {"decision": "revise"},
    "2 MB of comments": {"decision": "revise", "comments": "x" * 2_000_000},
    "a number for a reviewer": {"decision": "approve", "reviewer": 7},
    "half a surrogate pair": '{"decision": "edit", "text": "\\ud800"}',
    "depth without end": "[" * 100_000,
}


@pytest.mark.parametrize("document", UNREADABLE.values(), ids=UNREADABLE)
def test_what_breaks_a_rule_decides_nothing_and_is_not_quoted(document: Any):
    with pytest.raises(Unreadable) as refused:
        read(document)
    assert len(str(refused.value)) < 120


def test_no_revision_is_taken_once_none_is_left():
    with pytest.raises(Unreadable, match="no revision is left"):
        read({"decision": "revise", "comments": "again"}, may_revise=False)
