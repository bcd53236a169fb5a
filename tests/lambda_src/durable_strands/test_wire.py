"""What Bedrock can answer, over botocore: each a typed failure, retried or not by what it is."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress

import pytest

from scripts.local_aws.certificates import certificate
from tests.lambda_src.durable_strands import providers
from tests.lambda_src.durable_strands.answers import BEGUN, answer, bedrock_stream, ended, error_frame, service
from tests.lambda_src.durable_strands.one_agent import failure_of, outcome_of

HTML = "<html><body>not what you asked for</body></html>"


def bedrock_error(status, code=None, body="{}"):
    raw = answer(status, body)
    return raw if code is None else raw.replace(b"connection:", f"x-amzn-errortype: {code}\r\nconnection:".encode(), 1)


BEDROCK = {
    "429 without a code": (bedrock_error(429), "ModelThrottled"),
    "429 as a page": (answer(429, HTML, "text/html"), "ModelThrottled"),
    "408 without a code": (bedrock_error(408), "ModelTimedOut"),
    "408 as a page": (answer(408, HTML, "text/html"), "ModelTimedOut"),
    "400 without a code": (bedrock_error(400), "ModelRequestInvalid"),
    "403 without a code": (bedrock_error(403), "ModelAccessDenied"),
    "404 without a code": (bedrock_error(404), "ModelNotFound"),
    "424 without a code": (bedrock_error(424), "ModelUnavailable"),
    "503 as a page": (answer(503, HTML, "text/html"), "ModelUnavailable"),
    "MissingAuthenticationToken": (bedrock_error(403, "MissingAuthenticationTokenException"), "ModelAccessDenied"),
    "SignatureDoesNotMatch": (bedrock_error(400, "SignatureDoesNotMatch"), "ModelAccessDenied"),
    "InternalError in a frame": (bedrock_stream(*BEGUN, error_frame("InternalError")), "ModelUnavailable"),
    "an unknown error in a frame": (bedrock_stream(*BEGUN, error_frame("Novelty")), "ModelStreamBroken"),
    "a quiet end in the middle": (bedrock_stream(*BEGUN), "ModelStreamBroken"),
    "a reset": (b"", "ModelStreamBroken"),
    "malformed_model_output": (bedrock_stream(*BEGUN, *ended("malformed_model_output")), "MalformedModelReply"),
    "malformed_tool_use": (bedrock_stream(*BEGUN, *ended("malformed_tool_use")), "MalformedModelReply"),
    "refusal": (bedrock_stream(*BEGUN, *ended("refusal")), "ContentFiltered"),
}


@pytest.mark.parametrize(("content", "error_type"), BEDROCK.values(), ids=BEDROCK)
def test_what_bedrock_answers_has_one_type(content, error_type):
    assert failure_of(providers.bedrock, content) == (error_type, 1)


CONVERSE = {"empty": "", "a page": HTML, "cut": '{"output": {"mess', "a list": "[]", "null": '{"output": null}'}


@pytest.mark.parametrize("body", CONVERSE.values(), ids=CONVERSE)
def test_converse_answered_with_what_is_no_reply_is_a_broken_one(body):
    assert failure_of(providers.bedrock, answer(200, body), streaming=False) == ("ModelStreamBroken", 1)


def test_a_connection_ended_in_the_tls_handshake_is_retried():
    listener = socket.create_server(("127.0.0.1", 0))
    port, met = listener.getsockname()[1], []

    def hang_up():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            met.append(connection.recv(1))
            connection.close()

    thread = threading.Thread(target=hang_up, daemon=True)
    thread.start()
    outcome = outcome_of(providers.bedrock(f"https://127.0.0.1:{port}"))
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
    assert (outcome.error_type, len(met)) in {("ModelUnavailable", 3), ("ModelStreamBroken", 3)}


def test_a_proxy_that_refuses_is_retried():
    with service(answer(502)) as proxy:
        outcome = outcome_of(providers.bedrock("https://model.invalid", proxies={"https": proxy.url}))
    assert (outcome.error_type, proxy.requests) == ("ModelUnavailable", 3)


def test_a_proxy_that_wants_a_login_is_asked_once():
    with service(answer(407)) as proxy:
        outcome = outcome_of(providers.bedrock("https://model.invalid", proxies={"https": proxy.url}))
    assert (outcome.error_type, proxy.requests) == ("ModelUnreachable", 1)


BEHIND_TLS = {
    "bedrock": providers.bedrock,
    "openai": providers.openai,
    "anthropic": providers.anthropic,
    "ollama": providers.ollama,
}


@pytest.mark.parametrize("provider", BEHIND_TLS)
def test_a_certificate_that_is_not_trusted_is_shown_once(provider, tmp_path):
    stranger, _ = certificate(tmp_path, "stranger")
    listener, met = socket.create_server(("127.0.0.1", 0)), []

    def shake_hands():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            met.append(connection)
            with suppress(OSError):
                stranger.wrap_socket(connection, server_side=True)

    thread = threading.Thread(target=shake_hands, daemon=True)
    thread.start()
    outcome = outcome_of(BEHIND_TLS[provider](f"https://127.0.0.1:{listener.getsockname()[1]}"))
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
    assert (outcome.error_type, len(met)) == ("ModelUnreachable", 1)


def test_a_passing_429_costs_time_not_the_execution():
    reply = bedrock_stream(*BEGUN, *ended("end_turn"))
    with service(answer(429, HTML, "text/html"), answer(408), reply) as told:
        outcome = outcome_of(providers.bedrock(told.url))
    assert (outcome.value, told.requests) == ("half of", 3)


def test_text_that_cites_its_sources_is_text():
    citations = {"citationsContent": {"citations": [], "content": [{"text": "cited"}]}}
    content = [{"text": "so "}, citations]
    usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
    reply = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": "end_turn",
        "usage": usage,
        "metrics": {"latencyMs": 1},
    }
    with service(answer(200, json.dumps(reply))) as told:
        outcome = outcome_of(providers.bedrock(told.url, streaming=False))
    assert outcome.value == "so cited"
