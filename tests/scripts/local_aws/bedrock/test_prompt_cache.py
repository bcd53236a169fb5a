"""The endpoint's prompt cache, as unmodified boto3 clients see it: Bedrock's rules, one after the other."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from agent_workflow.model_features import CACHE_LIVES, cache_lives
from scripts.local_aws.bedrock import prompt_cache
from scripts.local_aws.bedrock.script import ScriptBackend, parse_script
from scripts.local_aws.bedrock.serve import serving

SONNET, OPUS, NOVA = (
    "us.anthropic.claude-sonnet-4-6", "us.anthropic.claude-opus-4-5-20251101-v1:0", "amazon.nova-pro-v1:0",
)  # fmt: skip
POINT = {"cachePoint": {"type": "default"}}
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}


def words(count: int, word: str = "word") -> dict[str, str]:
    return {"text": " ".join([word] * count)}


class Bedrock:
    """A client of a running endpoint whose clock is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.backend = ScriptBackend(parse_script(json.dumps({"default": {"text": "fine"}})), lambda: self.now)

    def connect(self, url: str) -> None:
        self.client = boto3.client(
            "bedrock-runtime", endpoint_url=url, region_name="us-east-1", aws_access_key_id="x",
            aws_secret_access_key="x", config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
        )  # fmt: skip

    def counts(self, *blocks: Any, model: str = SONNET, **more: Any) -> tuple[int, int, int]:
        """(input, read, written) tokens of a request with one message."""
        return self.of([{"role": "user", "content": list(blocks)}], model, **more)

    def of(self, messages: Any, model: str = SONNET, **more: Any) -> tuple[int, int, int]:
        usage = self.client.converse(modelId=model, messages=messages, **more)["usage"]
        return usage["inputTokens"], usage["cacheReadInputTokens"], usage["cacheWriteInputTokens"]


@pytest.fixture
def bedrock() -> Iterator[Bedrock]:
    made = Bedrock()
    with serving(made.backend) as url:
        made.connect(url)
        yield made


def test_a_prefix_is_written_once_and_read_after_that(bedrock):
    assert bedrock.counts(words(2000), POINT, words(7)) == (7, 0, 2000)
    assert bedrock.counts(words(2000), POINT, words(9)) == (9, 2000, 0)


def test_a_prefix_below_the_models_least_length_is_not_cached(bedrock):
    assert bedrock.counts(words(1023), POINT) == (1023, 0, 0)
    assert bedrock.counts(words(1024), POINT) == (0, 0, 1024)
    assert bedrock.counts(words(4095), POINT, model=OPUS) == (4095, 0, 0)
    assert bedrock.counts(words(4096), POINT, model=OPUS) == (0, 0, 4096)


def test_the_least_length_counts_all_that_is_before_the_point(bedrock):
    system = {"system": [words(1000), POINT]}
    assert bedrock.counts(words(30), POINT, **system) == (0, 0, 1030)


def test_one_changed_byte_is_another_prefix(bedrock):
    bedrock.counts(words(2000), POINT, system=[{"text": "It is 10:00:01."}, POINT])
    assert bedrock.counts(words(2000), POINT, system=[{"text": "It is 10:00:02."}, POINT]) == (0, 0, 2003)


def test_a_changed_tool_breaks_what_comes_after_it(bedrock):
    def tool(name: str) -> dict[str, Any]:
        return {"tools": [{"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object"}}}}, POINT]}

    bedrock.counts(words(2000), POINT, toolConfig=tool("search"))
    assert bedrock.counts(words(2000), POINT, toolConfig=tool("search"))[1] == 2000
    assert bedrock.counts(words(2000), POINT, toolConfig=tool("find"))[1] == 0


def test_a_models_cache_is_its_own(bedrock):
    bedrock.counts(words(5000), POINT)
    assert bedrock.counts(words(5000), POINT, model=OPUS) == (0, 0, 5000)


@pytest.mark.parametrize(("point", "seconds"), [(POINT, 300), (HOUR, 3600)])
def test_a_prefix_is_kept_for_its_time_after_the_last_use(bedrock, point, seconds):
    bedrock.counts(words(2000), point)
    bedrock.now = seconds - 1
    assert bedrock.counts(words(2000), point)[1] == 2000
    bedrock.now += seconds - 1
    assert bedrock.counts(words(2000), point)[1] == 2000
    bedrock.now += seconds
    assert bedrock.counts(words(2000), point) == (0, 0, 2000)


def conversation(steps: int, asked: int = 1) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": [words(2000)]}]
    for step in range(steps):
        uses = [{"toolUse": {"toolUseId": f"{step}-{n}", "name": "t", "input": {}}} for n in range(asked)]
        results = [{"toolResult": {"toolUseId": f"{step}-{n}", "content": [words(10)]}} for n in range(asked)]
        messages += [{"role": "assistant", "content": uses}, {"role": "user", "content": results}]
    return [*messages[:-1], {**messages[-1], "content": [*messages[-1]["content"], POINT]}]


def test_an_earlier_prefix_is_found_up_to_twenty_blocks_before_the_point(bedrock):
    assert bedrock.of(conversation(0)) == (0, 0, 2000)
    assert bedrock.of(conversation(1, asked=10)) == (0, 2000, 110)
    bedrock.now = 1000
    bedrock.of(conversation(0))
    assert bedrock.of(conversation(1, asked=11)) == (0, 0, 2121), "22 blocks after the last point: not found"


def test_the_system_prompts_own_point_is_read_where_the_conversation_is_too_far(bedrock):
    system = {"system": [words(1500, "rule"), POINT]}
    bedrock.of(conversation(0), **system)
    assert bedrock.of(conversation(1, asked=11), **system)[1] == 1500


@pytest.mark.parametrize(
    ("content", "model", "message"),
    [
        ([words(10), POINT] * 5, SONNET, "A maximum of 4 blocks"),
        ([POINT, words(10)], SONNET, "nothing available to cache"),
        ([words(10), POINT, words(10), HOUR], SONNET, "must not come after"),
        ([words(10), POINT], NOVA, "unsupported model"),
    ],
)
def test_fails_when_bedrock_would_refuse_the_points(bedrock, content, model, message):
    with pytest.raises(ClientError, match=message):
        bedrock.counts(*content, model=model)


def test_the_scripts_tokens_are_divided_by_the_share_of_the_words(bedrock):
    bedrock.backend.replace(parse_script('{"default": {"text": "x", "usage": {"inputTokens": 4000}}}'))
    assert bedrock.counts(words(1000), POINT, words(1000)) == (2000, 0, 2000)


def test_a_request_without_a_point_has_no_cache_counts(bedrock):
    usage = bedrock.client.converse(modelId=SONNET, messages=[{"role": "user", "content": [words(2000)]}])["usage"]
    assert "cacheReadInputTokens" not in usage


def test_the_endpoint_caches_for_the_models_for_which_the_rule_book_asks():
    assert all(cache_lives(f"us.anthropic.{family}-x") for family in prompt_cache._LEAST_TOKENS)
    assert {cache_lives(model) for model in (SONNET, OPUS, NOVA)} == {CACHE_LIVES, ()}
