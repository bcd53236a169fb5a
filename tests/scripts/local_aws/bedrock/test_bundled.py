"""The bundled model itself, and the same weights as a model of one's own: real text over the real wire."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from scripts.local_aws.bedrock.bundled import BundledBackend, bundled_model
from scripts.local_aws.bedrock.llama import LlamaBackend, load
from scripts.local_aws.bedrock.openai import OpenAiBackend
from scripts.local_aws.bedrock.serve import serving
from scripts.local_aws.bedrock.weights import bundled_weights

pytestmark = pytest.mark.slow


def _client(url):
    return boto3.client(
        "bedrock-runtime",
        endpoint_url=url,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=120),
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def _ask(client, agent, text, **more):
    return client.converse_stream(
        modelId="m",
        messages=[{"role": "user", "content": [{"text": text}]}],
        system=[{"text": "You are a research analyst."}],
        requestMetadata={"agent": agent},
        inferenceConfig={"maxTokens": 8192},
        **more,
    )["stream"]


def test_the_bundled_model_writes_notes_on_the_topic_token_by_token():
    with serving(BundledBackend(bundled_model())) as url:
        client = _client(url)
        events = list(_ask(client, "research", "tidal power"))
        deltas = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
        text = "".join(deltas)
        assert text.startswith("# Tidal power\n\n## Key facts and definitions\n\nIn simple terms,")
        assert text.count("\n## ") == 4
        assert text.lower().count("tidal") >= 4
        assert text.endswith((".", "…", "?", "!"))
        usage = events[-1]["metadata"]["usage"]
        assert events[-2]["messageStop"]["stopReason"] == "end_turn"
        assert 80 <= usage["outputTokens"] <= 450
        assert len(deltas) >= usage["outputTokens"] / 2, "tokens come as they are written, not all at once"
        with pytest.raises(ClientError, match="Input is too long for requested model"):
            _ask(client, "research", "tides " * 9000)


def test_a_model_of_ones_own_says_honestly_that_it_was_cut_off():
    with serving(LlamaBackend("smollm2", load(bundled_weights(), context_tokens=2048))) as url:
        reply = _client(url).converse(
            modelId="m",
            messages=[{"role": "user", "content": [{"text": "Tell a long story about the sea."}]}],
            inferenceConfig={"maxTokens": 20, "temperature": 0.0},
        )
    assert reply["stopReason"] == "max_tokens"
    assert reply["usage"]["outputTokens"] == 20
    assert reply["output"]["message"]["content"][0]["text"].strip()


def test_llama_cpps_own_server_answers_through_the_openai_proxy():
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(bundled_weights())
    params.n_ctx, params.n_parallel, params.verbosity, params.warmup = 2048, 1, 0, False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.cpuparams.poll = params.cpuparams_batch.poll = 0
    server = xllamacpp.Server(params)
    messages = [{"role": "user", "content": [{"text": "What are tides?"}]}]
    with serving(OpenAiBackend(server.listening_address, "smollm2")) as url:
        client = _client(url)
        events = list(
            client.converse_stream(modelId="m", messages=messages, inferenceConfig={"maxTokens": 12})["stream"]
        )
        assert sum("contentBlockDelta" in event for event in events) >= 5
        assert events[-2]["messageStop"]["stopReason"] == "max_tokens"
        assert events[-1]["metadata"]["usage"]["outputTokens"] == 12
        with pytest.raises(ClientError, match="Input is too long for requested model"):
            client.converse(modelId="m", messages=[{"role": "user", "content": [{"text": "tides " * 3000}]}])
