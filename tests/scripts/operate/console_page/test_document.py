"""What the page is told: rows in the order of the tree, texts whole, where an invocation took over."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from durable_strands.records import AgentRun
from scripts.operate.console_page.document import numbered, resumes, rows, text_of
from scripts.operate.history import History, Operation

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def event(number: int, kind: str, identity: str = "", name: str = "", parent: str = "", **details: Any) -> Any:
    made = {"EventId": number, "EventType": kind, "EventTimestamp": AT + timedelta(seconds=number)}
    if identity:
        made |= {"Id": identity, "Name": name, f"{kind}Details": details}
    return made | ({"ParentId": parent} if parent else {})


def call(number: int, name: str, invocation: str, parent: str = "a") -> list[Any]:
    record = {
        "agent": "a-agent", "name": name, "kind": "model", "model_id": "us.anthropic.claude-sonnet-4-6",
        "usage": {"input_tokens": 1000, "output_tokens": 100, "cache_read_tokens": 0, "cache_write_tokens": 0},
        "invocation": invocation,
    }  # fmt: skip
    reply = {"message": {"content": [{"text": f"text of {name}"}, {"toolUse": {"name": "look", "input": {"x": 1}}}]}}
    payload = json.dumps({"reply": reply, "record": record})
    return [
        event(number, "StepStarted", name, name, parent),
        event(number + 1, "StepSucceeded", name, name, parent, Result={"Payload": payload}),
    ]


def test_a_change_of_invocation_with_an_end_between_is_a_resume_and_without_one_a_death():
    history = History.of([
        event(1, "ContextStarted", "a", "a-agent"),
        *call(2, "model-1", "one"),
        event(4, "InvocationCompleted"),
        *call(5, "model-2", "two"),
        *call(7, "model-3", "three"),
        *call(9, "model-4", "three"),
    ])  # fmt: skip
    found = list(resumes(history))
    assert [(one["at"], one["died"], one["replayed"]) for one in found] == [
        (AT + timedelta(seconds=5), False, 1), (AT + timedelta(seconds=7), True, 2),
    ]  # fmt: skip
    assert [float(one["kept_usd"]) for one in found] == [pytest.approx(0.00495), pytest.approx(0.0099)]


def test_an_invocation_that_the_service_says_has_crashed_is_a_death():
    crashed = {
        **event(4, "InvocationCompleted"),
        "InvocationCompletedDetails": {"Error": {"Payload": {"ErrorType": "Runtime.ExitError"}}},
    }
    history = History.of(
        [event(1, "ContextStarted", "a", "a-agent"), *call(2, "model-1", "one"), crashed, *call(5, "model-2", "two")]
    )
    assert [one["died"] for one in resumes(history)] == [True]


def test_a_call_that_was_retried_in_a_new_invocation_is_no_death():
    tried, answered = call(6, "model-2", "two")
    history = History.of([
        event(1, "ContextStarted", "a", "a-agent"),
        *call(2, "model-1", "one"),
        {**tried, "EventId": 4, "EventTimestamp": AT + timedelta(seconds=4)},
        event(5, "InvocationCompleted"),
        tried,
        answered,
    ])  # fmt: skip
    assert [(one["at"], one["died"]) for one in resumes(history)] == [(AT + timedelta(seconds=6), False)]


def test_rows_are_numbered_by_their_place_so_that_equal_names_stay_apart():
    events = [event(1, "ContextStarted", "m", "topics")]
    for branch in ("x", "y"):
        events += [event(2, "ContextStarted", branch, "same", "m"), event(3, "StepStarted", f"{branch}1", "s", branch)]
    history = History.of(events)
    assert [(one, parent) for one, parent, _ in numbered(history)] == [
        ("0", None), ("0.0", "0"), ("0.0.0", "0.0"), ("0.1", "0"), ("0.1.0", "0.1"),
    ]  # fmt: skip
    changed = history.roots[0].children[1].children[0]
    assert [row["id"] for row in rows(history, [changed])] == ["0.1.0"]


def test_a_history_of_3000_operations_is_told_whole_and_then_only_what_changed():
    events = [event(1, "ContextStarted", "a", "a-agent")]
    for number in range(2999):
        events += call(2 + 2 * number, f"model-{number}", "one")
    history = History.of(events)
    assert len(rows(history)) == 3000
    assert len(rows(history, history.roots[0].children[-1:])) == 1


@pytest.mark.parametrize(
    ("kind", "payload", "text"),
    [
        ("Step", json.dumps({"reply": {"message": {"content": [{"text": "a <b>"}]}}}), "a <b>"),
        (
            "Step",
            json.dumps({"reply": {"message": {"content": [{"toolUse": {"name": "look", "input": {"x": 1}}}]}}}),
            'look({"x": 1})',
        ),
        (
            "Step",
            json.dumps({"result": {"content": [{"text": "found"}, {"json": {"n": 1}}]}}),
            'found\n\n{\n  "n": 1\n}',
        ),
        ("Step", '"plain"', "plain"),
        ("Step", '{"a": 1}', '{\n  "a": 1\n}'),
        ("Context", "cut off {", "cut off {"),
        ("Step", None, ""),
    ],
)
def test_what_an_operation_returned_is_shown_as_people_read_it(kind, payload, text):
    assert text_of(Operation("one", kind, payload=payload)) == text


def test_a_text_of_5_mb_is_given_whole():
    text = "ä<&>" * 1_250_000
    message = {"role": "assistant", "content": [{"text": text}]}
    payload = json.dumps(AgentRun("a-agent", "end_turn", message, ()).to_dict())
    assert text_of(Operation("a-agent", "Context", payload=payload)) == text
