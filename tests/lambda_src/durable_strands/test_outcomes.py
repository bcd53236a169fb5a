"""Never success with empty hands: each way to end without an answer is a typed failure, paid once."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import Future
from typing import Any

import pytest
from aws_durable_execution_sdk_python.config import MapConfig
from botocore.eventstream import ChecksumMismatch, InvalidPayloadLength
from botocore.exceptions import ClientError, ReadTimeoutError
from pydantic import BaseModel
from strands import Agent, tool
from strands.types.exceptions import (
    ContextWindowOverflowException,
    EventLoopException,
    MaxTokensReachedException,
    ModelThrottledException,
)

from durable_strands import AgentFailed, Limits, Observer, run, run_agent, safety
from durable_strands.bridge import Bridge, BridgeClosed
from durable_strands.classify import classify
from durable_strands.safety import make_safe
from tests.lambda_src.durable_strands.engine import Watcher, on_engine
from tests.lambda_src.durable_strands.scripted import ScriptedModel, tool_use


def run_text(model, agent=None, **choices):
    def body(context):
        def build():
            return Agent(model=model, callback_handler=None, **(agent or {}))

        return run(context, build, "go", name="a-agent", **choices).text

    return on_engine(body)


@pytest.mark.parametrize(
    ("reply", "error_type"),
    [
        ({"text": "cut", "stop": "max_tokens"}, "ModelLimitReached"),
        ({"text": "no", "stop": "guardrail_intervened"}, "GuardrailIntervened"),
        ({"text": "no", "stop": "content_filtered"}, "ContentFiltered"),
        ({"text": "   ", "stop": "end_turn"}, "EmptyModelReply"),
    ],
)
def test_fails_typed_and_paid_once_when_the_model_gives_no_answer(reply, error_type):
    model = ScriptedModel([reply])
    outcome = run_text(model)
    assert (outcome.status, outcome.error_type) == ("FAILED", error_type)
    assert outcome.error_data["usage"]["input_tokens"] == 100
    assert model.calls == [0]


def test_a_permanent_error_is_not_retried():
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "ConverseStream")
    model = ScriptedModel(["x"], {0: [denied] * 9})
    outcome = run_text(model)
    assert outcome.error_type == "ModelAccessDenied"
    assert model.calls == [0]


def test_a_transient_error_is_retried_three_times_in_all_and_then_typed():
    model = ScriptedModel(["x"], {0: [ModelThrottledException("slow")] * 9})
    outcome = run_text(model)
    assert outcome.error_type == "ModelThrottled"
    assert outcome.invocations == 3
    assert model.calls == [0, 0, 0]


def test_half_a_stream_is_never_an_answer():
    model = ScriptedModel(["a long text of words"], {0: ["disconnect"]})
    outcome = run_text(model)
    assert outcome.value == "a long text of words"
    assert model.calls == [0, 0]


def test_a_reply_larger_than_a_checkpoint_fails_cleanly_with_its_usage():
    model = ScriptedModel(["x" * 300_000])
    outcome = run_text(model)
    assert outcome.error_type == "ResultTooLarge"
    assert "at most 261120 bytes" in outcome.error_message
    assert outcome.error_data["usage"]["output_tokens"] == 10
    assert model.calls == [0]


def test_a_context_overflow_may_be_mended_by_the_conversation_manager():
    script = [[tool_use("note", "n", text="x" * 50)], "short enough"]
    model = ScriptedModel(script, {1: [ContextWindowOverflowException("too long")]})

    @tool
    def note(text: str) -> str:
        """Note.

        Args:
            text: What.
        """
        return text * 100

    outcome = run_text(model, agent={"tools": [note]})
    assert outcome.value == "short enough"
    assert [name for name in outcome.names if "model" in name] == [f"a-agent/model-{n}" for n in (1, 2, 3)]


class Finding(BaseModel):
    claim: str
    weight: int


def test_structured_output_is_rebuilt_and_is_no_step():
    model = ScriptedModel([[tool_use("Finding", "f", claim="c", weight=2)]])

    def body(context):
        agent = Agent(model=model, callback_handler=None)
        result = run_agent(context, agent, "go", name="a", structured_output_model=Finding)
        assert isinstance(result.structured_output, Finding)
        return result.structured_output.model_dump()

    outcome = on_engine(body)
    assert outcome.value == {"claim": "c", "weight": 2}
    assert outcome.names == ["a", "a/model-1"]


def test_a_validation_loop_of_structured_output_is_capped():
    model = ScriptedModel([[tool_use("Finding", "f", claim="c", weight="heavy")]])
    outcome = run_text(model, structured_output_model=Finding, limits=Limits(turns=3))
    assert outcome.error_type == "AgentLimitReached"
    assert len(model.calls) == 3


def test_an_observer_ends_the_run_before_the_next_call_is_paid():
    class Broke(AgentFailed):
        """No money."""

    class Budget(Observer):
        def before_model_call(self, agent, call):
            if call == "model-2":
                raise Broke("spent")

    @tool
    def noop() -> str:
        """Nothing."""
        return "x"

    model = ScriptedModel([[tool_use("noop", "n")], "never"])
    outcome = run_text(model, agent={"tools": [noop]}, observer=Budget())
    assert outcome.error_type == "Broke"
    assert model.calls == [0]


def test_an_observer_that_fails_inside_the_step_does_not_repay_the_call():
    class Clumsy(Observer):
        def call_made(self, record):
            raise KeyError("metrics")

    model = ScriptedModel(["fine"])
    assert run_text(model, observer=Clumsy()).value == "fine"
    assert model.calls == [0]


def test_agents_in_map_branches_each_pay_their_calls_once():
    models = [ScriptedModel([f"t{n}"], {0: [ModelThrottledException("x")]} if n == 1 else None) for n in range(3)]
    watcher = Watcher()

    def body(context):
        def branch(child, item, _index, _items):
            def build():
                return Agent(model=models[item], callback_handler=None)

            return run(child, build, "go", name="research-agent", observer=watcher).text

        batch = context.map([0, 1, 2], branch, name="topics", config=MapConfig(max_concurrency=2))
        batch.throw_if_error()
        return batch.get_results()

    outcome = on_engine(body)
    assert outcome.value == ["t0", "t1", "t2"]
    assert [len(model.calls) for model in models] == [1, 2, 1]
    assert len(watcher.made) == 3


@pytest.mark.parametrize(
    ("choice", "reason"),
    [({"checkpointing": True}, "checkpointing=True"), ({"background_tasks": True}, "background_tasks")],
)
def test_fails_when_the_agent_cannot_be_replayed(choice, reason):
    outcome = run_text(ScriptedModel(["x"]), agent=choice)
    assert outcome.error_type == "UnsafeAgent"
    assert reason in outcome.error_message


def client_error(code, status=400):
    answer: Any = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "X")


@pytest.mark.parametrize(
    ("error", "name", "retryable"),
    [
        (ModelThrottledException("m"), "ModelThrottled", True),
        (EventLoopException(ModelThrottledException("m")), "ModelThrottled", True),
        (client_error("throttlingException"), "ModelThrottled", True),
        (client_error("ServiceUnavailableException", 503), "ModelUnavailable", True),
        (client_error("SomethingNew", 502), "ModelUnavailable", True),
        (client_error("ModelTimeoutException", 408), "ModelTimedOut", True),
        (client_error("modelStreamErrorException", 424), "ModelStreamBroken", True),
        (ReadTimeoutError(endpoint_url="x"), "ModelTimedOut", True),
        (ChecksumMismatch(1, 2), "ModelStreamBroken", True),
        (InvalidPayloadLength(1), "ModelStreamBroken", True),
        (client_error("ValidationException"), "ModelRequestInvalid", False),
        (client_error("AccessDeniedException", 403), "ModelAccessDenied", False),
        (client_error("ResourceNotFoundException", 404), "ModelNotFound", False),
        (client_error("ServiceQuotaExceededException"), "ModelQuotaExceeded", False),
        (MaxTokensReachedException("m"), "ModelLimitReached", False),
        (ContextWindowOverflowException("m"), "ContextWindowExceeded", False),
        (ValueError("m"), "ModelFailed", False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_error_of_a_model_call_has_one_type(error, name, retryable):
    failure = classify(error)
    assert (type(failure).__name__, failure.retryable) == (name, retryable)


def test_a_run_that_has_ended_starts_no_further_operation():
    bridge = Bridge()
    late: Future[str] = Future()

    async def stubborn():
        try:
            await bridge.on_caller_thread(fail)
        except asyncio.CancelledError:
            try:
                await bridge.on_caller_thread(lambda: late.set_result("ran"))
            except BridgeClosed as refused:
                late.set_exception(refused)
            raise

    def fail():
        raise KeyboardInterrupt("stands for the SDK's SuspendExecution, a BaseException")

    with pytest.raises(KeyboardInterrupt):
        bridge.run(stubborn)
    assert isinstance(late.exception(timeout=5), BridgeClosed)


def test_a_task_that_ignores_its_cancellation_does_not_hold_the_handler():
    bridge, let_go, kept = Bridge(), threading.Event(), []

    async def main():
        async def stubborn():
            while not let_go.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(0.05)

        kept.append(asyncio.ensure_future(stubborn()))
        await asyncio.sleep(0)
        return "done"

    try:
        assert bridge.run(main) == "done"
        assert not kept[0].done()
    finally:
        let_go.set()


@pytest.mark.parametrize("limits", [Limits(total_tokens=150), Limits(output_tokens=15)])
def test_a_cap_on_tokens_ends_the_run_with_the_usage_so_far(limits):
    @tool
    def noop() -> str:
        """Nothing."""
        return "x"

    model = ScriptedModel([[tool_use("noop", "n")]])
    outcome = run_text(model, agent={"tools": [noop]}, limits=limits)
    assert outcome.error_type == "AgentLimitReached"
    assert outcome.error_data["usage"]["input_tokens"] == 200
    assert model.calls == [0, 1]


def test_a_run_that_never_has_time_ends_typed_after_its_attempts_without_a_call():
    model = ScriptedModel(["x"])
    outcome = run_text(model, deadline_margin_seconds=10_000)
    assert outcome.error_type == "DeadlineExceeded"
    assert outcome.invocations == 3
    assert model.calls == []


def test_an_unknown_strands_is_refused_by_version_and_by_the_missing_name(monkeypatch):
    agent = Agent(model=ScriptedModel(["x"]), callback_handler=None)
    del agent._deferred_cancel
    with pytest.raises(AgentFailed, match=r"strands-agents 1\.62\..* has no Agent\._deferred_cancel"):
        make_safe(agent)
    monkeypatch.setattr(safety, "_strands", lambda: "1.63.0")
    with pytest.raises(AgentFailed, match=r"supports strands-agents 1\.62\.\*, got 1\.63\.0"):
        make_safe(agent)
