"""How the end of an execution is read."""

import json

import pytest

from scripts.console.outcome import Outcome


def test_a_success_is_the_handlers_result_and_its_ledger():
    outcome = Outcome.of({"Status": "SUCCEEDED", "Result": '{"report": "r", "usage": {"model_calls": 3}}'})
    assert outcome.succeeded
    assert outcome.document() == {"report": "r", "usage": {"model_calls": 3}}
    assert outcome.usage == {"model_calls": 3}


def test_a_failure_is_typed_and_keeps_the_ledger_so_far():
    data = json.dumps({"agent": "analysis", "usage": {"model_calls": 1}})
    error = {"ErrorType": "ModelThrottled", "ErrorMessage": "too many", "ErrorData": data}
    outcome = Outcome.of({"Status": "FAILED", "Error": error})
    assert not outcome.succeeded
    assert outcome.document() == {
        "error_type": "ModelThrottled",
        "error_message": "too many",
        "error_data": {"agent": "analysis", "usage": {"model_calls": 1}},
    }
    assert outcome.usage == {"model_calls": 1}


@pytest.mark.parametrize("data", [None, "", "not json", "[]", '{"usage": 3}'])
def test_error_data_of_others_is_not_read(data):
    assert Outcome.of({"Status": "FAILED", "Error": {"ErrorData": data}}).usage is None


def test_an_error_without_data_says_so_in_the_document():
    assert Outcome.of({"Status": "FAILED", "Error": {}}).document()["error_data"] is None


@pytest.mark.parametrize(
    ("status", "error_type"), [("TIMED_OUT", "ExecutionTimedOut"), ("STOPPED", "ExecutionStopped")]
)
def test_an_execution_that_was_ended_from_outside_is_typed_too(status, error_type):
    assert Outcome.of({"Status": status, "Error": {"ErrorMessage": "x"}}).error_type == error_type
