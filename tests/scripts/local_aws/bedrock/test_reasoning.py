"""What the endpoint makes of reasoning, as boto3 sees it: signed, known again, refused where Claude refuses it."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from scripts.local_aws.bedrock.script import ScriptBackend, parse_script
from scripts.local_aws.bedrock.serve import serving

QUESTION = {"role": "user", "content": [{"text": "Tides?"}]}
ADAPTIVE = {"thinking": {"type": "adaptive"}}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    script = {"default": {"reasoning": "The moon.", "text": "Twice a day."}}
    with serving(ScriptBackend(parse_script(json.dumps(script)))) as url:
        yield boto3.client(
            "bedrock-runtime", endpoint_url=url, region_name="us-east-1", aws_access_key_id="x",
            aws_secret_access_key="x", config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
        )  # fmt: skip


def asked(client: Any, *more: Any, fields: Any = ADAPTIVE, **inference: Any) -> Any:
    return client.converse(
        modelId="us.anthropic.claude-sonnet-4-6", messages=[QUESTION, *more], inferenceConfig=inference,
        additionalModelRequestFields=fields,
    )["output"]["message"]  # fmt: skip


def test_what_it_thought_is_known_again_and_another_signature_is_refused(client):
    reply = asked(client)
    assert [*reply["content"][0]] == ["reasoningContent"]
    assert asked(client, reply, QUESTION)
    reply["content"][0]["reasoningContent"]["reasoningText"]["signature"] += "x"
    with pytest.raises(ClientError, match="Invalid `signature` in `thinking` block"):
        asked(client, reply, QUESTION)


def test_fails_when_the_budget_leaves_no_token_for_the_answer(client):
    fields = {"thinking": {"type": "enabled", "budget_tokens": 2048}}
    assert asked(client, fields=fields, maxTokens=2049)
    with pytest.raises(ClientError, match="must be greater than"):
        asked(client, fields=fields, maxTokens=2048)


def test_fails_when_a_temperature_stands_beside_it(client):
    with pytest.raises(ClientError, match="may only be set to 1"):
        asked(client, temperature=0.3)


def test_without_the_fields_it_does_not_reason(client):
    assert [*asked(client, fields={})["content"][0]] == ["text"]
