"""The tree that a history becomes, and the one line that says what is wrong and what to do next."""

import builtins
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent_workflow import budget, errors, flow_errors
from durable_strands import errors as agent_errors
from scripts.operate import advice, money
from scripts.operate.history import History
from scripts.operate.tree import rows
from scripts.operate.verdict import duration, verdict

BEGAN = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
NOW = BEGAN + timedelta(seconds=60)


def event(kind: str, key: str, *, at: float = 0, parent: str = "", **details: Any) -> dict[str, Any]:
    name = key.rpartition("/")[2]
    found: dict[str, Any] = {
        "EventType": kind,
        "Id": key,
        "Name": name,
        "EventTimestamp": BEGAN + timedelta(seconds=at),
    }
    return {**found, **({"ParentId": parent} if parent else {}), f"{kind}Details": details}


def failed(kind: str, delay: float | None = None) -> dict[str, Any]:
    retry = {"RetryDetails": {"CurrentAttempt": 1, "NextAttemptDelaySeconds": delay}} if delay else {}
    return {"Error": {"Payload": {"ErrorType": kind, "ErrorMessage": "so it is"}}, **retry}


AGENT = event("ContextStarted", "research-agent")
CALL = event("StepStarted", "r/model-1", parent="research-agent")


def said(status: str, *events: dict[str, Any], now: datetime = NOW, **more: Any) -> str:
    return verdict({"DurableExecutionName": "one", "Status": status, **more}, History.of(events), now)


def test_a_running_call_is_nothing_to_do():
    assert said("RUNNING", AGENT, CALL) == "it works in research-agent/model-1: nothing to do"


def test_an_execution_that_handed_over_names_the_next():
    handed = event("ChainedInvokeStarted", "continue-1", DurableExecutionArn="arn:next/durable-execution/two/2")
    assert said("RUNNING", AGENT, handed) == (
        "it goes on in a new execution: scripts/pipeline show arn:next/durable-execution/two/2"
    )


def test_what_was_stopped_or_timed_out_can_be_redriven():
    for status in ("STOPPED", "TIMED_OUT"):
        assert said(status, AGENT, CALL).endswith("scripts/pipeline redrive one takes what it has paid")


def test_a_call_that_waits_for_its_next_try_says_why_and_when():
    tried = event("StepFailed", "r/model-1", at=50, parent="research-agent", **failed("ModelThrottled", 20))
    assert said("RUNNING", AGENT, CALL, tried) == (
        "try 1 of research-agent/model-1 failed with ModelThrottled, the next begins in 10 s: nothing to do yet; what "
        "helps: quota, fewer executions at once, `tokens_per_minute` (docs/throughput.md)"
    )


def test_a_failure_says_where_why_and_what_helps():
    ended = event("StepFailed", "r/model-1", at=5, parent="research-agent", **failed("ModelAccessDenied"))
    error = {"ErrorType": "ModelAccessDenied", "ErrorMessage": "the model\nanswered 403"}
    assert said("FAILED", AGENT, CALL, ended, Error=error) == (
        "ModelAccessDenied in research-agent/model-1: the model answered 403; what helps: the role, model access in "
        "the account; the secret"
    )


def test_an_error_that_the_table_does_not_have_sends_to_the_log():
    assert said("FAILED", Error={"ErrorType": "OSError"}) == (
        "OSError; docs/errors.md knows no such type: read the log of its invocations"
    )


def test_a_wait_says_when_it_is_over():
    wait = event("WaitStarted", "pause", Duration=300, ScheduledEndTimestamp=NOW + timedelta(seconds=90))
    assert said("RUNNING", wait) == "it waits in pause, which ends in 1 min 30 s: nothing to do"


def test_a_question_of_a_tool_is_told_apart_from_a_review():
    asked = event("CallbackStarted", "approval", CallbackId="x")
    assert "for an answer from outside to approval" in said("RUNNING", asked)
    review = event("CallbackStarted", "review-2", CallbackId="x")
    assert said("RUNNING", review) == (
        "it waits since 1 min for a person to answer review-2: scripts/pipeline review show one"
    )


def test_silence_for_longer_than_an_invocation_may_last_points_to_the_log():
    assert "its invocation may crash each time" in said("RUNNING", AGENT, CALL, now=BEGAN + timedelta(minutes=20))


def crashed(error: str | None = "Runtime.ExitError") -> dict[str, Any]:
    given = {"Error": {"Payload": {"ErrorType": error}}} if error else {}
    return {
        "EventType": "InvocationCompleted", "EventTimestamp": BEGAN, "Id": "", "InvocationCompletedDetails": given,
    }  # fmt: skip


def test_an_invocation_that_crashes_again_and_again_says_so_until_one_ends_well():
    assert said("RUNNING", AGENT, crashed(), crashed()) == (
        "2 invocations in a row ended with Runtime.ExitError in research-agent: Lambda begins it again and again until "
        "execution_timeout; see Errors in docs/operations.md"
    )
    assert said("RUNNING", AGENT, crashed()).startswith("its last invocation ended with Runtime.ExitError in ")
    assert said("RUNNING", AGENT, CALL, crashed(), crashed(None)).startswith("it works in ")


def test_the_bytes_of_answers_are_summed_up():
    answered = event("StepSucceeded", "s", Result={"Payload": "1234é"})
    assert History.of([event("StepStarted", "s"), answered, answered]).written == 12


def test_an_execution_that_ran_out_of_time_says_what_it_waited_for():
    assert said("TIMED_OUT", event("CallbackStarted", "review-1", CallbackId="x")).startswith(
        "it reached execution_timeout in review-1: "
    )


@pytest.mark.parametrize("result", ["null", "[]", "not json", "", '{"status": "completed"}', "7"])
def test_a_success_is_one_whatever_its_result_looks_like(result):
    assert said("SUCCEEDED", Result=result).startswith("nothing is wrong")


def test_every_error_type_that_ends_an_execution_has_advice():
    classes = [*vars(errors).values(), *vars(flow_errors).values(), *vars(budget).values()]
    own = {
        one.__name__
        for one in classes
        if isinstance(one, type) and one.__module__ == "builtins" and issubclass(one, Exception)
    }
    agents = set(agent_errors.__all__) - {"AgentFailed", "billed_of", "not_kept", "rebuild"}
    typed = {name for name in own if not hasattr(builtins, name)} | agents
    assert {"InvalidRequest", "BudgetExceeded", "FlowFailed", "ModelThrottled"} <= typed
    assert sorted(name for name in typed if advice.of(name) is None) == []


def test_the_type_is_looked_up_without_its_module():
    assert advice.of("agent_workflow.errors.InvalidRequest") == advice.of("InvalidRequest")


def record(**usage: int) -> str:
    counts = {"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0, "cache_write_tokens": 0} | usage
    model = {"agent": "research-agent", "name": "model-1", "kind": "model", "model_id": "anthropic.claude-sonnet-4-6"}
    fields = {
        "latency_ms": 5,
        "attempts": 2,
        "stop_reason": "end_turn",
        "invocation": "",
        "count": 1,
        "broken_attempts": 0,
    }
    return json.dumps({"reply": {}, "record": {**model, **fields, "usage": counts}})


def test_tokens_tries_and_usd_of_a_call_come_from_its_checkpoint():
    done = event(
        "StepSucceeded", "r/model-1", at=5, parent="research-agent", Result={"Payload": record(input_tokens=1000)}
    )
    (agent,) = History.of([AGENT, CALL, done]).roots
    spent = money.of_operation(agent)
    assert spent is not None
    assert (spent.usage.input_tokens, spent.exact) == (1000, False)
    assert spent.usd
    assert agent.children[0].attempts == 2


@pytest.mark.parametrize("payload", ["", "cut {", "[]", '{"record": {}}', '{"record": 7}', "null"])
def test_a_payload_that_is_cut_or_not_ours_tells_no_tokens(payload):
    done = event("StepSucceeded", "r/model-1", at=5, parent="research-agent", Result={"Payload": payload})
    (agent,) = History.of([AGENT, CALL, done]).roots
    assert money.of_operation(agent) is None
    assert agent.children[0].status == "succeeded"


def test_a_ledger_that_lists_no_agents_still_gives_the_sum():
    usage = {"cost_usd": "0.5", "input_tokens": 7}
    details = {"Error": {"ErrorData": json.dumps({"usage": usage})}}
    assert money.total(details, History()).exact
    assert str(money.total(details, History()).usd) == "0.5"


def test_of_many_siblings_the_ends_and_whatever_did_not_succeed_are_shown():
    events = [AGENT]
    for number in range(50):
        key = f"r/model-{number}"
        end = "StepFailed" if number == 25 else "StepSucceeded"
        details = failed("ModelFailed") if number == 25 else {}
        events += [
            event("StepStarted", key, parent="research-agent"),
            event(end, key, parent="research-agent", **details),
        ]
    shown = list(rows(History.of(events).roots, every=False))
    assert [row.operations[0].name for row in shown if not row.skipped] == [
        "research-agent", "model-0", "model-1", "model-2", "model-25", "model-47", "model-48", "model-49",
    ]  # fmt: skip
    assert [len(row.operations) for row in shown if row.skipped] == [22, 21]
    assert len(list(rows(History.of(events).roots, every=True))) == 51


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (9.96, "10.0 s"),
        (59.7, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (90_061, "1 d 1 h"),
        (86_400, "1 d"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds, words):
    assert duration(seconds) == words
