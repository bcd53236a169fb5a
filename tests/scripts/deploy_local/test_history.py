"""An execution's history becomes the operation events that the progress display takes."""

from datetime import UTC, datetime

from scripts.deploy_local.history import History

AT = datetime(2026, 11, 22, tzinfo=UTC)


def event(number, event_type, name=None, own="a", parent=None, **more):
    return {"EventId": number, "EventType": event_type, "Name": name, "Id": own, "ParentId": parent} | {
        "EventTimestamp": AT,
        **more,
    }


def test_an_operation_is_named_by_the_path_from_its_agent():
    history = History()
    history.tell(event(1, "ContextStarted", "research-agent", own="a"))
    told = history.tell(event(2, "StepStarted", "model-1", own="b", parent="a"))
    assert told == {
        "at": AT.timestamp(),
        "event": "operation",
        "operation": "research-agent/model-1",
        "type": "STEP",
        "action": "START",
    }


def test_each_event_is_told_once_however_often_the_history_is_read():
    history, events = History(), [event(1, "StepStarted", "s"), event(2, "StepSucceeded", "s")]
    assert [history.tell(one) is not None for one in events + events] == [True, True, False, False]


def test_a_failed_attempt_that_will_be_tried_again_is_a_retry():
    details = {"RetryDetails": {"NextAttemptDelaySeconds": 2, "CurrentAttempt": 1}}
    told = History().tell(event(1, "StepFailed", "model-1", StepFailedDetails=details))
    assert told is not None
    assert told["action"] == "RETRY"


def test_the_last_failed_attempt_is_a_failure():
    told = History().tell(event(1, "StepFailed", "model-1", StepFailedDetails={"RetryDetails": {"CurrentAttempt": 3}}))
    assert told is not None
    assert told["action"] == "FAIL"


def test_events_of_the_execution_itself_are_not_operations():
    history = History()
    assert history.tell(event(1, "ExecutionStarted")) is None
    assert history.tell(event(2, "InvocationCompleted")) is None
