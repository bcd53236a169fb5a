"""What goes wrong, what is tried again, and what the caller sees."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_durable_execution_sdk_python.exceptions import CheckpointError
from aws_durable_execution_sdk_python_testing.client import InMemoryServiceClient
from botocore.exceptions import ClientError, IncompleteReadError, ReadTimeoutError
from strands.types.exceptions import ContextWindowOverflowException, ModelThrottledException

from agent_workflow import returned
from tests.fakes import MODEL_ID, FakeModel, Reply, declare_clerk

EVENT = {"query": "edge computing"}
EVENTS = Path(__file__).parents[1] / "events"
INVALID = sorted(EVENTS.glob("invalid-*.json"))
BEFORE = {"research": 1, "analysis": 1}
THROTTLED = ModelThrottledException("slow down")


def refused_by_bedrock(code: str, status: int) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "ConverseStream")


def test_a_third_agent_that_fails_twice_costs_no_second_call_of_the_first_two(pipeline):
    pipeline.models["summary"] = FakeModel(THROTTLED, THROTTLED, "the summary")
    result = pipeline.result(EVENT)
    assert pipeline.invocations == 3, "no replay happened, so the counts below would prove nothing"
    assert pipeline.calls == {**BEFORE, "summary": 3}
    usage = result["usage"]
    assert (usage["model_calls"], usage["attempts"]) == (3, 5)
    assert (usage["agents"]["summary"]["model_calls"], usage["agents"]["summary"]["attempts"]) == (1, 3)
    assert result["report"] == "the summary"


TRANSIENT = {
    "throttled": THROTTLED,
    "unavailable": refused_by_bedrock("ServiceUnavailableException", 503),
    "server error": refused_by_bedrock("InternalServerException", 500),
    "model timeout": refused_by_bedrock("ModelTimeoutException", 408),
    "silence": ReadTimeoutError(endpoint_url="http://bedrock"),
}


@pytest.mark.parametrize("case", TRANSIENT)
def test_what_may_pass_by_itself_is_tried_again(pipeline, case: str):
    pipeline.models["analysis"] = FakeModel(TRANSIENT[case], "the analysis")
    assert pipeline.result(EVENT)["analysis"] == "the analysis"
    assert pipeline.calls == {"research": 1, "analysis": 2, "summary": 1}


def test_what_does_not_pass_is_given_up_after_three_tries_with_its_type(pipeline):
    pipeline.models["summary"] = FakeModel(THROTTLED)
    error = pipeline.error(EVENT)
    assert error.type == "ModelThrottled"
    assert pipeline.calls == {**BEFORE, "summary": 3}


PERMANENT: dict[str, tuple[Reply | Exception, str]] = {
    "refused request": (refused_by_bedrock("ValidationException", 400), "ModelRequestInvalid"),
    "no access": (refused_by_bedrock("AccessDeniedException", 403), "ModelAccessDenied"),
    "retired model": (refused_by_bedrock("ResourceNotFoundException", 404), "ModelNotFound"),
    "quota": (refused_by_bedrock("ServiceQuotaExceededException", 400), "ModelQuotaExceeded"),
    "anything else": (KeyError("surprise"), "ModelFailed"),
    "cut reply": (Reply("half a", stop_reason="max_tokens"), "ModelLimitReached"),
    "guardrail": (Reply("blocked", stop_reason="guardrail_intervened"), "GuardrailIntervened"),
    "content filter": (Reply("blocked", stop_reason="content_filtered"), "ContentFiltered"),
    "empty reply": (Reply(""), "EmptyModelReply"),
    "blank reply": (Reply(" \n"), "EmptyModelReply"),
    "invisible reply": (Reply("\u200b\ufeff\u2060 \u3164"), "EmptyModelReply"),
    "over 255 KB": (Reply("x" * 262_000), "ResultTooLarge"),
    "over 750 KB, which the engine's queue would never send": (Reply("x" * 800_000), "ResultTooLarge"),
}


@pytest.mark.parametrize("case", PERMANENT)
def test_what_cannot_pass_is_asked_once_and_ends_the_execution_typed(pipeline, case: str):
    script, error_type = PERMANENT[case]
    pipeline.models["analysis"] = FakeModel(script)
    error = pipeline.error(EVENT)
    assert error.type == error_type
    assert error.message
    assert pipeline.calls == {"research": 1, "analysis": 1, "summary": 0}


def test_a_full_context_window_ends_typed_after_the_conversation_could_not_be_shortened(pipeline):
    pipeline.models["analysis"] = FakeModel(ContextWindowOverflowException("Input is too long"))
    assert pipeline.error(EVENT).type == "ContextWindowExceeded"
    assert pipeline.calls["summary"] == 0


def test_a_failed_execution_tells_what_was_spent_until_then(pipeline):
    pipeline.models["analysis"] = FakeModel(Reply("half a", stop_reason="max_tokens"))
    data = json.loads(pipeline.error(EVENT).data)
    assert data["agent"] == "analysis"
    assert list(data["usage"]["agents"]) == ["research", "analysis"]
    assert (data["usage"]["model_calls"], data["usage"]["output_tokens"]) == (2, 100)


def test_the_tokens_of_a_reply_that_was_too_large_to_keep_are_told_too(pipeline):
    pipeline.models["analysis"] = FakeModel(Reply("x" * 262_000, usage={"inputTokens": 100, "outputTokens": 65_500}))
    usage = json.loads(pipeline.error(EVENT).data)["usage"]
    assert (usage["model_calls"], usage["output_tokens"]) == (1, 50 + 65_500)


def test_what_a_caller_sees_of_a_failure_fits_the_limit_of_an_error(pipeline):
    pipeline.models["summary"] = FakeModel(refused_by_bedrock("ValidationException", 400))
    assert len(pipeline.error(EVENT).data.encode()) < 16_384


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_an_invalid_event_is_refused_before_any_model_is_called_and_is_not_retried(pipeline, file: Path):
    error = pipeline.error(json.loads(file.read_text()))
    assert error.type == "InvalidRequest"
    assert pipeline.calls == {"research": 0, "analysis": 0, "summary": 0}
    assert pipeline.invocations == 1
    assert pipeline.names == []


def test_a_wrong_environment_ends_the_execution_typed_before_any_call(pipeline):
    pipeline.set_environment(MODEL_STREAMING="sometimes")
    error = pipeline.error(EVENT)
    assert error.type == "InvalidConfiguration"
    assert error.message.startswith("MODEL_STREAMING")
    assert pipeline.calls == {"research": 0, "analysis": 0, "summary": 0}


def test_a_declared_tool_that_does_not_exist_ends_the_execution_typed_before_its_agent_calls(pipeline, tmp_path: Path):
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "clerk.md").write_text("You are a clerk.")
    (tmp_path / "agents.toml").write_text(
        '[[agents]]\nname = "clerk"\ninputs = ["query"]\nmodel = "a.model"\nmax_tokens = 10\ntools = ["look_up"]\n'
    )
    pipeline.set_environment(AGENTS_FOLDER=str(tmp_path))
    pipeline.models["clerk"] = FakeModel()
    assert pipeline.error(EVENT).type == "ToolsNotFound"
    assert pipeline.calls["clerk"] == 0


def test_a_declared_tool_that_is_no_tool_ends_the_execution_before_any_agent_calls(pipeline, tmp_path: Path):
    declare_clerk(tmp_path, "''")
    (tmp_path / "tools.py").write_text("look_up = 5\n")
    file = tmp_path / "agents.toml"
    first = '[[agents]]\nname = "first"\ninputs = ["query"]\nmodel = "a.model"\nmax_tokens = 10\n'
    file.write_text(first + file.read_text())
    (tmp_path / "prompts" / "first.md").write_text("You are first.")
    pipeline.set_environment(AGENTS_FOLDER=str(tmp_path))
    pipeline.models |= {"clerk": FakeModel(), "first": FakeModel()}
    error = pipeline.error(EVENT)
    assert (error.type, pipeline.models["first"].calls) == ("ToolsNotFound", 0)
    assert "look_up" in error.message


def refuse_checkpoints_of(monkeypatch: pytest.MonkeyPatch, text: str, status: int) -> None:
    """Have the durable engine refuse every checkpoint that holds `text`, in words that quote it."""
    plain = InMemoryServiceClient.checkpoint

    def checkpoint(self: Any, **given: Any) -> Any:
        if any(text in str(update.payload) for update in given["updates"]):
            error: Any = {"Code": "InvalidParameterValueException", "Message": f"'{text}' is refused"}
            answer: Any = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}
            raise CheckpointError.from_exception(ClientError(answer, "CheckpointDurableExecution"))
        return plain(self, **given)

    monkeypatch.setattr(InMemoryServiceClient, "checkpoint", checkpoint)


def test_a_refused_checkpoint_ends_the_execution_with_what_was_paid_until_then(pipeline, monkeypatch):
    refuse_checkpoints_of(monkeypatch, "the analysis", 400)
    error = pipeline.error(EVENT)
    assert error.type == "aws_durable_execution_sdk_python.exceptions.CheckpointError"
    assert error.message == "the durable service answered InvalidParameterValueException (400)"
    usage = json.loads(error.data)["usage"]
    assert (usage["model_calls"], usage["input_tokens"], usage["output_tokens"]) == (1, 200, 100)


def test_results_too_large_for_a_response_without_a_bucket_end_with_the_sums_of_all_agents(pipeline, tmp_path: Path):
    names = [f"agent-{number:02}" for number in range(26)]
    (tmp_path / "prompts").mkdir()
    for name in names:
        (tmp_path / "prompts" / f"{name}.md").write_text("You are one of many.")
    agent = '[[agents]]\nname = "{}"\ninputs = ["query"]\nmodel = "{}"\nmax_tokens = 10\n'
    (tmp_path / "agents.toml").write_text("".join(agent.format(name, "m" * 900) for name in names))
    pipeline.set_environment(AGENTS_FOLDER=str(tmp_path))
    pipeline.models = {name: FakeModel(Reply("x" * 250_000)) for name in names}
    error = pipeline.error(EVENT)
    assert error.type == "ResultTooLarge"
    usage = json.loads(error.data)["usage"]
    assert (usage["model_calls"], usage["input_tokens"]) == (26, 2_600)
    assert len(error.data) < 16_384, "the list of agents does not fit, the sums do"


def test_a_large_reply_that_could_not_be_stored_was_paid_all_the_same(pipeline, bucket):
    pipeline.set_environment(LARGE_RESULTS_BUCKET="no-such-bucket")
    pipeline.models["analysis"] = FakeModel(Reply("x" * 300_000))
    error = pipeline.error(EVENT)
    assert error.type == "ResultNotKept"
    usage = json.loads(error.data)["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["unknown_calls"]) == (200, 100, 0)
    assert pipeline.replay()["Error"]["ErrorType"] == "ResultNotKept"


def test_a_final_result_that_could_not_be_stored_tells_what_was_spent(pipeline, bucket, monkeypatch):
    pipeline.set_environment(LARGE_RESULTS_BUCKET="no-such-bucket")
    monkeypatch.setattr(returned, "too_large", lambda *_: True)
    error = pipeline.error(EVENT)
    assert error.type == "ResultNotKept"
    assert json.loads(error.data)["usage"]["model_calls"] == 3


MAYBE_BILLED = {
    "silence": ReadTimeoutError(endpoint_url="http://bedrock"),
    "a broken stream": IncompleteReadError(actual_bytes=1, expected_bytes=2),
}


@pytest.mark.parametrize("case", MAYBE_BILLED)
def test_a_call_that_ended_after_the_model_may_have_answered_is_of_unknown_cost(pipeline, case: str):
    pipeline.set_environment(MODEL_PRICES={MODEL_ID: {"input": "3", "output": "15"}})
    pipeline.models["analysis"] = FakeModel(MAYBE_BILLED[case])
    usage = json.loads(pipeline.error(EVENT).data)["usage"]
    assert (usage["unknown_calls"], usage["cost_usd"]) == (1, None)
    assert usage["agents"]["research"]["cost_usd"] == "0.00105"


def test_a_call_that_was_never_answered_costs_nothing(pipeline):
    pipeline.set_environment(MODEL_PRICES={MODEL_ID: {"input": "3", "output": "15"}})
    pipeline.models["analysis"] = FakeModel(THROTTLED)
    usage = json.loads(pipeline.error(EVENT).data)["usage"]
    assert (usage["unknown_calls"], usage["cost_usd"]) == (0, "0.00105")


def test_a_success_says_how_many_broken_attempts_its_cost_leaves_out(pipeline):
    pipeline.set_environment(MODEL_PRICES={MODEL_ID: {"input": "3", "output": "15"}})
    pipeline.models["analysis"] = FakeModel(MAYBE_BILLED["silence"], MAYBE_BILLED["a broken stream"], "the analysis")
    usage = pipeline.result(EVENT)["usage"]
    assert (usage["broken_attempts"], usage["unknown_calls"], usage["cost_usd"]) == (2, 0, "0.00315")
    assert [usage["agents"][name]["broken_attempts"] for name in ("research", "analysis", "summary")] == [0, 2, 0]
    assert json.loads(pipeline.replay()["Result"])["usage"]["broken_attempts"] == 2


def test_a_throttled_attempt_is_no_broken_one(pipeline):
    pipeline.models["analysis"] = FakeModel(THROTTLED, "the analysis")
    assert pipeline.result(EVENT)["usage"]["broken_attempts"] == 0


def test_a_failure_remembers_an_attempt_that_broke_before_one_that_was_refused(pipeline):
    pipeline.set_environment(MODEL_PRICES={MODEL_ID: {"input": "3", "output": "15"}})
    pipeline.models["analysis"] = FakeModel(MAYBE_BILLED["a broken stream"], THROTTLED, THROTTLED)
    error = pipeline.error(EVENT)
    usage = json.loads(error.data)["usage"]
    assert (error.type, usage["unknown_calls"], usage["cost_usd"]) == ("ModelThrottled", 1, None)
