"""OpenAI, Anthropic, Ollama, Gemini over their real clients: a status, a cut or a drop means the same for each."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest

from durable_strands import errors, never_retry
from tests.lambda_src.durable_strands import providers
from tests.lambda_src.durable_strands.answers import answer, service
from tests.lambda_src.durable_strands.one_agent import failure_of, outcome_of

pytestmark = pytest.mark.slow  # importing four providers' clients takes seconds

HTML = "<html><body>not what you asked for</body></html>"
OTHERS = (providers.openai, providers.anthropic, providers.ollama, providers.gemini)
STATUSES = {
    400: "ModelRequestInvalid",
    401: "ModelAccessDenied",
    404: "ModelNotFound",
    408: "ModelTimedOut",
    429: "ModelThrottled",
    500: "ModelUnavailable",
    503: "ModelUnavailable",
    529: "ModelUnavailable",
}


@pytest.mark.parametrize("provider", OTHERS, ids=lambda provider: provider.__name__)
@pytest.mark.parametrize(("status", "error_type"), STATUSES.items())
@pytest.mark.parametrize("body", ["{}", HTML], ids=["without a code", "as a page"])
def test_a_status_means_the_same_for_every_provider_and_its_client_asks_once(provider, status, error_type, body):
    kind = "application/json" if body == "{}" else "text/html"
    assert failure_of(provider, answer(status, body, kind)) == (error_type, 1)


@pytest.mark.parametrize("provider", [*OTHERS, providers.gemini_with_a_client], ids=lambda provider: provider.__name__)
def test_a_dropped_connection_is_retried_by_the_engine_only(provider):
    with service(b"") as told:
        outcome = outcome_of(provider(told.url))
    assert getattr(errors, outcome.error_type).retryable
    assert told.requests == 3


@pytest.mark.parametrize("provider", OTHERS, ids=lambda provider: provider.__name__)
def test_nobody_listening_is_retried(provider):
    with service() as told:
        pass
    outcome = outcome_of(provider(told.url))
    assert (outcome.error_type, outcome.invocations) == ("ModelUnavailable", 3)


def sse(*events):
    return "".join(f"event: {event.get('type', 'message')}\ndata: {json.dumps(event)}\n\n" for event in events)


OPENAI_HALF = sse({"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
                   "choices": [{"index": 0, "delta": {"role": "assistant", "content": "half"}}]})  # fmt: skip
ANTHROPIC_HALF = sse(
    {"type": "message_start", "message": {"id": "1", "type": "message", "role": "assistant", "model": "m",
     "content": [], "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "half"}},
)  # fmt: skip
OLLAMA_HALF = json.dumps({"model": "m", "message": {"role": "assistant", "content": "half"}, "done": False}) + "\n"
GEMINI_HALF = f"data: {json.dumps({'candidates': [{'content': {'role': 'model', 'parts': [{'text': 'half'}]}}]})}\n\n"
HALVES = {
    "openai": (providers.openai, OPENAI_HALF, "text/event-stream"),
    "anthropic": (providers.anthropic, ANTHROPIC_HALF, "text/event-stream"),
    "ollama": (providers.ollama, OLLAMA_HALF, "application/x-ndjson"),
    "gemini": (providers.gemini, GEMINI_HALF, "text/event-stream"),
}


@pytest.mark.parametrize(("provider", "half", "kind"), HALVES.values(), ids=HALVES)
def test_a_stream_cut_in_the_middle_is_broken_and_not_empty(provider, half, kind):
    assert failure_of(provider, answer(200, half, kind, length=9_999)) == ("ModelStreamBroken", 1)


@pytest.mark.parametrize("name", ["openai", "anthropic", "ollama"])
def test_a_stream_that_ends_quietly_in_the_middle_is_broken_too(name):
    provider, half, kind = HALVES[name]
    assert failure_of(provider, answer(200, half, kind, length=-1)) == ("ModelStreamBroken", 1)


@pytest.mark.parametrize("name", ["openai", "anthropic"])
def test_a_stream_that_ends_before_it_begins_is_broken(name):
    provider, _, kind = HALVES[name]
    assert failure_of(provider, answer(200, "", kind, length=-1)) == ("ModelStreamBroken", 1)


IN_STREAM = {
    "overloaded": (providers.anthropic, ANTHROPIC_HALF, "overloaded_error", "ModelUnavailable"),
    "throttled": (providers.anthropic, ANTHROPIC_HALF, "rate_limit_error", "ModelThrottled"),
    "unknown": (providers.anthropic, ANTHROPIC_HALF, "novel_error", "ModelStreamBroken"),
}


@pytest.mark.parametrize(("provider", "half", "code", "error_type"), IN_STREAM.values(), ids=IN_STREAM)
def test_an_error_inside_a_stream_of_status_200_is_told_by_its_code(provider, half, code, error_type):
    error = sse({"type": "error", "error": {"type": code, "message": "m"}})
    assert failure_of(provider, answer(HTTPStatus.OK, half + error, "text/event-stream")) == (error_type, 1)


def test_a_quota_that_waiting_does_not_lift_is_not_throttling():
    body = json.dumps({"error": {"message": "m", "type": "insufficient_quota", "code": "insufficient_quota"}})
    assert failure_of(providers.openai, answer(429, body)) == ("ModelQuotaExceeded", 1)


def test_a_client_given_to_the_model_is_made_to_ask_once_too():
    from openai import AsyncOpenAI
    from strands.models.openai import OpenAIModel

    with service(answer(503)) as told:
        client = AsyncOpenAI(base_url=told.url, api_key="x", max_retries=5)
        outcome = outcome_of(OpenAIModel(client=client, model_id="m"), retry=never_retry)
    assert (outcome.error_type, told.requests) == ("ModelUnavailable", 1)
