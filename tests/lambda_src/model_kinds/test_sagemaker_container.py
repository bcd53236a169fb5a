"""Models `sagemaker/ENDPOINT` over botocore: what is sent, what is paid, what each failure is called."""

import json
from typing import Any

import pytest
from pydantic import BaseModel
from starlette.responses import Response
from strands import Agent

from agent_workflow import model as bedrock
from agent_workflow.agents import AgentSpec
from agent_workflow.model_tables import SageMakerTable
from agent_workflow.settings import read_settings
from durable_strands import never_retry, run_agent
from model_kinds.sagemaker import container
from scripts.local_aws.bedrock.wire import frame
from tests.lambda_src.durable_strands.engine import Watcher, on_engine
from tests.lambda_src.durable_strands.one_agent import near_the_timeout, outcome_of
from tests.lambda_src.model_kinds.wires import SILENCE, USAGE, Chat, aws_error, payload_part, wires

pytestmark = pytest.mark.slow  # OpenAI's client, which Strands' model is derived from, takes a second to import


@pytest.fixture
def served(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for cached in (container._model, bedrock.session):
        cached.cache_clear()
    with wires() as told:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", told.url)
        yield told
    for cached in (container._model, bedrock.session):
        cached.cache_clear()


def model(settings: dict[str, str] | None = None, temperature: float | None = None, **table: Any) -> Any:
    agent = AgentSpec(
        name="research", inputs=("query",), model="sagemaker/house", max_tokens=99, prompt="p",
        temperature=temperature, endpoint=SageMakerTable(**table),
    )  # fmt: skip
    return container.build(agent, read_settings(settings or {}))


def test_a_call_says_its_limits_and_asks_for_its_usage(served):
    assert outcome_of(model(temperature=0.3)).value == "the answer"
    (asked,) = served.asked
    assert (asked["max_tokens"], asked["temperature"], asked["stream"]) == (99, 0.3, True)
    assert asked["stream_options"] == {"include_usage": True}
    assert "model" not in asked


def test_a_container_may_be_asked_for_one_of_its_models(served):
    outcome_of(model(model="tuned", inference_component="part"))
    assert served.asked[0]["model"] == "tuned"


def test_without_streaming_the_answer_comes_whole(served):
    assert outcome_of(model({"MODEL_STREAMING": "false"})).value == "the answer"
    assert (served.asked[0]["stream"], "stream_options" in served.asked[0]) == (False, False)


def test_all_blocks_of_a_message_are_sent(served):
    agent = Agent(model=model(), callback_handler=None)
    blocks: Any = [{"text": "first"}, {"text": "second"}]
    on_engine(lambda context: str(run_agent(context, agent, blocks, name="a")))
    assert served.asked[0]["messages"][-1] == {"role": "user", "content": "first\n\nsecond"}


def records(**settings: str) -> Any:
    watcher = Watcher()
    agent = Agent(model=model(settings), callback_handler=None)
    on_engine(lambda context: str(run_agent(context, agent, "go", name="a", observer=watcher)))
    return watcher.made


def test_the_ledger_knows_the_models_own_id_and_its_tokens(served):
    served.answers = [
        Chat(usage={**USAGE, "reasoning_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 3}})
    ]
    (record,) = records()
    assert record.model_id == "sagemaker/house"
    assert (record.usage.input_tokens, record.usage.output_tokens) == (100, 7)


@pytest.mark.parametrize("streaming", ["true", "false"])
def test_tokens_that_were_not_told_are_unknown_and_not_none(served, streaming):
    served.answers = [Chat(usage=None)]
    (record,) = records(MODEL_STREAMING=streaming)
    assert record.usage is None


class Finding(BaseModel):
    """A finding."""

    claim: str


def test_structured_output_is_asked_for_by_a_tool(served):
    served.answers = [Chat(tool=("Finding", {"claim": "it holds"}))]

    def body(context):
        agent = Agent(model=model(), callback_handler=None)
        found = run_agent(context, agent, "go", name="a", structured_output_model=Finding).structured_output
        return found.model_dump() if found else None

    assert on_engine(body).value == {"claim": "it holds"}
    assert [one["function"]["name"] for one in served.asked[0]["tools"]] == ["Finding"]


def container_said(status: int, message: str = "no") -> Response:
    """What SageMaker answers when its container answered this."""
    return aws_error(424, "ModelError", OriginalStatusCode=status, OriginalMessage=message, message=message)


TOO_LONG = "This model's maximum context length is 4096 tokens. However, you requested 9000."
STREAMED = {"error": {"message": "CUDA error", "code": 500}}
FAILURES = {
    "the container is busy": (container_said(429), "ModelThrottled"),
    "the container refuses": (container_said(400), "ModelRequestInvalid"),
    "the input is too long": (container_said(400, TOO_LONG), "ContextWindowExceeded"),
    "the container failed": (container_said(500), "ModelUnavailable"),
    "SageMaker throttles": (aws_error(400, "ThrottlingException"), "ModelThrottled"),
    "SageMaker fails": (aws_error(500, "InternalFailure"), "ModelUnavailable"),
    "SageMaker is down": (aws_error(503, "ServiceUnavailable"), "ModelUnavailable"),
    "a dependency fails": (aws_error(530, "InternalDependencyException"), "ModelUnavailable"),
    "the model is not ready": (aws_error(429, "ModelNotReadyException"), "ModelUnavailable"),
    "no permission": (aws_error(403, "AccessDeniedException"), "ModelAccessDenied"),
    "the container fails in its stream": (f"data: {json.dumps(STREAMED)}\n\n".encode(), "ModelUnavailable"),
    "a page": (b"<html>\n<body>hello</body></html>", "ModelUnreachable"),
    "no JSON": (b"data: {half\n\n", "ModelStreamBroken"),
    "nothing": (b"", "ModelStreamBroken"),
    "half a reply": (Chat("half", finish=None), "ModelStreamBroken"),
    "the limit of tokens": (Chat("half", finish="length"), "ModelLimitReached"),
}


@pytest.mark.parametrize(("answer", "kind"), FAILURES.values(), ids=FAILURES)
def test_what_fails_has_one_type_and_is_asked_once(served, answer, kind):
    served.answers = [answer]
    outcome = outcome_of(model(), retry=never_retry)
    assert (outcome.error_type, len(served.asked)) == (kind, 1)
    assert "hello" not in outcome.error_message
    assert "requested" not in outcome.error_message


@pytest.mark.parametrize("streaming", ["true", "false"])
def test_an_endpoint_out_of_service_is_named_and_not_tried_again(served, streaming):
    served.in_service = False
    outcome = outcome_of(model({"MODEL_STREAMING": streaming}))
    assert outcome.error_type == "ModelNotFound"
    assert outcome.error_message == "the endpoint of sagemaker/house is not there or not in service"
    assert outcome.invocations == 1


def test_a_failure_inside_the_stream_is_told_by_its_code(served):
    begun = payload_part(Chat("half", finish=None).sse())
    headers = {":exception-type": "ModelStreamError", ":content-type": "application/json", ":message-type": "exception"}
    broken = frame(headers, json.dumps({"Message": "m", "ErrorCode": "ModelInvocationTimeExceeded"}).encode())
    served.answers = [Response(begun + broken, media_type="application/vnd.amazon.eventstream")]
    assert outcome_of(model(), retry=never_retry).error_type == "ModelStreamBroken"


def test_a_silent_endpoint_is_left_after_the_read_timeout(served):
    served.answers = [SILENCE]
    outcome = outcome_of(model({"MODEL_READ_TIMEOUT_SECONDS": "0.2"}), retry=never_retry)
    assert (outcome.error_type, len(served.asked)) == ("ModelTimedOut", 1)


def test_a_call_near_the_lambda_timeout_is_cut_and_made_again_in_a_new_invocation(served):
    served.answers = [SILENCE, Chat()]
    outcome, watcher = near_the_timeout(model({"MODEL_READ_TIMEOUT_SECONDS": "4"}))
    assert (outcome.value, outcome.invocations, len(served.asked)) == ("the answer", 2, 2)
    assert watcher.failed == [("model-1", 1, "DeadlineExceeded")]
