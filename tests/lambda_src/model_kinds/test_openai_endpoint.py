"""Models `openai/NAME` over their real client: what is sent, what is paid, what each failure is called."""

import json
from typing import Any

import pytest
from pydantic import BaseModel
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse
from strands import Agent

from agent_workflow.agents import AgentSpec
from agent_workflow.model_tables import OpenAiTable
from agent_workflow.settings import read_settings
from durable_strands import never_retry, run_agent
from model_kinds.openai.endpoint import build
from model_kinds.openai.key import key_of
from tests.lambda_src.durable_strands.engine import Watcher, on_engine
from tests.lambda_src.durable_strands.one_agent import near_the_timeout, outcome_of
from tests.lambda_src.model_kinds.wires import SECRET, SILENCE, Chat, Wires, aws_error, wires

pytestmark = pytest.mark.slow  # OpenAI's client takes a second to import


@pytest.fixture
def served(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with wires() as told:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", told.url)
        yield told
    key_of.cache_clear()


def model(told: Wires, settings: dict[str, str] | None = None, temperature: float | None = None, **table: Any) -> Any:
    table = {"base_url": f"{told.url}/v1", **table}
    agent = AgentSpec(
        name="research", inputs=("query",), model="openai/house", max_tokens=99, prompt="p", temperature=temperature,
        endpoint=OpenAiTable(**table),
    )  # fmt: skip
    return build(agent, read_settings(settings or {}))


def failure(told: Wires, **table: Any) -> tuple[str, str]:
    outcome = outcome_of(model(told, **table), retry=never_retry)
    return outcome.error_type, outcome.error_message


def test_a_call_says_its_limits_and_asks_for_its_usage(served):
    assert outcome_of(model(served, temperature=0.3)).value == "the answer"
    (asked,) = served.asked
    assert (asked["model"], asked["max_tokens"], asked["temperature"]) == ("house", 99, 0.3)
    assert (asked["stream"], asked["stream_options"]) == (True, {"include_usage": True})
    assert served.keys == ["Bearer none"]


def test_an_endpoint_may_have_another_name_for_the_model_and_for_the_limit(served):
    outcome_of(model(served, model="qwen", limit_by="max_completion_tokens"))
    assert served.asked[0]["model"] == "qwen"
    assert served.asked[0]["max_completion_tokens"] == 99
    assert not {"max_tokens", "temperature"} & served.asked[0].keys()


def test_without_streaming_the_answer_comes_whole(served):
    assert outcome_of(model(served, {"MODEL_STREAMING": "false"})).value == "the answer"
    assert served.asked[0]["stream"] is False


def records(told: Wires, **settings: str) -> Any:
    watcher = Watcher()
    agent = Agent(model=model(told, settings), callback_handler=None)
    on_engine(lambda context: str(run_agent(context, agent, "go", name="a", observer=watcher)))
    return watcher.made


CACHED = {
    "prompt_tokens": 100,
    "completion_tokens": 7,
    "total_tokens": 107,
    "prompt_tokens_details": {"cached_tokens": 60},
}


@pytest.mark.parametrize("streaming", ["true", "false"])
def test_the_ledger_knows_the_models_own_id_and_counts_cached_tokens_once(served, streaming):
    served.answers = [Chat(usage=CACHED)]
    (record,) = records(served, MODEL_STREAMING=streaming)
    assert record.model_id == "openai/house"
    usage = record.usage
    assert (usage.input_tokens, usage.cache_read_tokens, usage.output_tokens) == (40, 60, 7)


def test_tokens_that_were_not_told_are_unknown_and_not_none(served):
    served.answers = [Chat(usage=None)]
    (record,) = records(served)
    assert record.usage is None


class Finding(BaseModel):
    """A finding."""

    claim: str


def test_structured_output_is_asked_for_by_a_tool(served):
    served.answers = [Chat("no"), Chat(tool=("Finding", {"claim": "it holds"}))]

    def body(context):
        agent = Agent(model=model(served), callback_handler=None)
        found = run_agent(context, agent, "go", name="a", structured_output_model=Finding).structured_output
        return found.model_dump() if found else None

    assert on_engine(body).value == {"claim": "it holds"}
    # the model wrote a text first, so the second call leaves it no choice
    assert served.asked[1]["tool_choice"] in ("required", {"type": "function", "function": {"name": "Finding"}})


def test_the_key_is_read_by_the_first_call_and_kept(served):
    asking = model(served, secret_arn=SECRET)
    assert served.secrets_read == 0
    outcome_of(asking)
    outcome_of(model(served, secret_arn=SECRET))
    assert served.keys == ["Bearer sk-very-secret"] * 2
    assert served.secrets_read == 1


def test_a_key_that_is_refused_is_read_again_by_the_next_call(served):
    served.answers = [JSONResponse({"error": {"code": "invalid_api_key"}}, 401), Chat()]
    assert failure(served, secret_arn=SECRET)[0] == "ModelAccessDenied"
    served.secret = json.dumps({"api_key": "rotated"})
    outcome_of(model(served, secret_arn=SECRET))
    assert served.keys[-1] == "Bearer rotated"


@pytest.mark.parametrize(
    "secret",
    ["sk-plain-key", "{}", '{"api_key": 7}', '{"api_key": ""}', '["sk-plain-key"]', '{"key": "sk-plain-key"}', "null",
     '{"api_key": "sk-plain-key\\n"}'],
)  # fmt: skip
def test_a_secret_without_the_key_is_named_by_its_field_and_never_shown(served, secret):
    served.secret = secret
    kind, said = failure(served, secret_arn=SECRET)
    assert kind == "ModelAccessDenied"
    assert "the secret of openai/house must be a JSON object whose field 'api_key' is the key" in said
    assert "sk-plain" not in said
    assert not served.asked


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (aws_error(400, "AccessDeniedException"), "ModelAccessDenied"),
        (aws_error(400, "ResourceNotFoundException"), "ModelAccessDenied"),
        (aws_error(400, "ThrottlingException"), "ModelUnavailable"),
        (aws_error(500, "InternalServiceError"), "ModelUnavailable"),
    ],
)
def test_a_secret_that_cannot_be_read_is_a_failure_of_the_call(served, answer, kind):
    served.secret = answer
    assert failure(served, secret_arn=SECRET)[0] == kind
    assert (served.secrets_read, served.asked) == (1, [])


PAGE = HTMLResponse("<html>Sign in: sk-very-secret</html>")


@pytest.mark.parametrize("streaming", ["true", "false"])
def test_a_page_in_place_of_an_answer_is_said_and_asked_for_once(served, streaming):
    served.answers = [PAGE]
    outcome = outcome_of(model(served, {"MODEL_STREAMING": streaming}))
    assert outcome.error_type == "ModelUnreachable"
    assert (
        outcome.error_message
        == "the endpoint of openai/house answered with an HTML page: base_url must lead to its API"
    )
    assert len(served.asked) == 1


def test_a_redirection_gets_neither_the_prompt_nor_the_key(served):
    with wires() as elsewhere:
        served.answers = [RedirectResponse(f"{elsewhere.url}/v1/chat/completions", 307)]
        kind, said = failure(served, secret_arn=SECRET)
    assert (kind, elsewhere.asked) == ("ModelUnreachable", [])
    assert "answered 307, a redirection, which is not followed" in said


def test_a_silent_endpoint_is_left_after_the_read_timeout(served):
    served.answers = [SILENCE]
    outcome = outcome_of(model(served, {"MODEL_READ_TIMEOUT_SECONDS": "0.2"}), retry=never_retry)
    assert (outcome.error_type, len(served.asked)) == ("ModelTimedOut", 1)


def test_a_call_near_the_lambda_timeout_is_cut_and_made_again_in_a_new_invocation(served):
    served.answers = [SILENCE, Chat()]
    outcome, watcher = near_the_timeout(model(served))
    assert (outcome.value, outcome.invocations, len(served.asked)) == ("the answer", 2, 2)
    assert watcher.failed == [("model-1", 1, "DeadlineExceeded")]
