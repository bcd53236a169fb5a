"""Large results against a real S3 API: stored by reference, verified on replay, never silently lost."""

import json
from typing import Any

import pytest
from aws_durable_execution_sdk_python import SerDesError
from aws_durable_execution_sdk_python.config import Duration
from aws_durable_execution_sdk_python.serdes import SerDesContext
from strands import Agent, tool

from agent_workflow.large_results import Bucket, LargeResultsSerDes
from durable_strands import AgentFailed, ToolOptions, run
from tests.lambda_src.durable_strands.engine import on_engine
from tests.lambda_src.durable_strands.scripted import ScriptedModel, tool_use

CONTEXT = SerDesContext("op-1", "arn:execution")
LONG = "x" * 300_000


def keys(client: Any) -> list[str]:
    return [item["Key"] for item in client.list_objects_v2(Bucket="large").get("Contents", [])]


def test_a_small_result_stays_in_the_checkpoint(bucket: Any) -> None:
    serdes = LargeResultsSerDes(Bucket("large"))
    assert serdes.serialize({"text": "small"}, CONTEXT) == '{"text":"small"}'
    assert keys(bucket) == []


def test_a_large_result_is_a_reference_with_digest_and_size(bucket: Any) -> None:
    serdes = LargeResultsSerDes(Bucket("large"))
    written = serdes.serialize({"text": LONG}, CONTEXT)
    reference = json.loads(written)["$stored"]
    assert len(written) < 500
    assert reference["size_bytes"] == len(LONG) + len('{"text":""}')
    assert keys(bucket) == [reference["key"]]
    assert reference["sha256"] in reference["key"]
    assert serdes.deserialize(written, CONTEXT) == {"text": LONG}


def test_writing_the_same_result_again_leaves_one_object(bucket: Any) -> None:
    serdes = LargeResultsSerDes(Bucket("large"))
    assert serdes.serialize(LONG, CONTEXT) == serdes.serialize(LONG, CONTEXT)
    assert len(keys(bucket)) == 1


def test_fails_when_the_object_is_lost(bucket: Any) -> None:
    serdes = LargeResultsSerDes(Bucket("large"))
    written = serdes.serialize(LONG, CONTEXT)
    bucket.delete_object(Bucket="large", Key=keys(bucket)[0])
    with pytest.raises(SerDesError, match=r"a large result is lost: .*NoSuchKey"):
        serdes.deserialize(written, CONTEXT)


def test_fails_when_the_object_was_altered(bucket: Any) -> None:
    serdes = LargeResultsSerDes(Bucket("large"))
    written = serdes.serialize(LONG, CONTEXT)
    bucket.put_object(Bucket="large", Key=keys(bucket)[0], Body=json.dumps("y" * 300_000).encode())
    with pytest.raises(SerDesError, match="was altered"):
        serdes.deserialize(written, CONTEXT)


def test_fails_when_the_bucket_does_not_take_it(bucket: Any) -> None:
    with pytest.raises(SerDesError, match=r"300002 bytes could not be stored: NoSuchBucket"):
        LargeResultsSerDes(Bucket("absent")).serialize(LONG, CONTEXT)


def agent_with_large_results(after: Any = None) -> tuple[Any, ScriptedModel, list[str]]:
    """Runs an agent whose tool and whose text are large, pauses, replays; `after` is called before the replay."""
    ran: list[str] = []

    @tool
    def dump() -> str:
        """Dump."""
        ran.append("dump")
        return LONG

    model = ScriptedModel([[tool_use("dump", "d")], LONG])
    passes: list[int] = []

    def body(context: Any) -> Any:
        if passes and after:
            after()
        passes.append(1)
        choices: dict[str, Any] = {"tools": {"dump": ToolOptions(max_result_bytes=1_000_000)}}
        agent = Agent(model=model, tools=[dump], callback_handler=None)
        try:
            text = run(
                context, lambda: agent, "go", name="a", serdes=LargeResultsSerDes(Bucket("large")), **choices
            ).text
        except AgentFailed as failure:
            if len(passes) > 1:
                return [type(failure).__name__, failure.message]
            raise
        context.wait(Duration.from_seconds(1), name="pause")
        return [len(passes), len(text)]

    return on_engine(body), model, ran


def test_an_agent_with_large_texts_replays_them_from_the_bucket(bucket: Any) -> None:
    outcome, model, ran = agent_with_large_results()
    assert outcome.value == [2, len(LONG)]
    assert model.calls == [0, 1]
    assert ran == ["dump"]
    assert len(keys(bucket)) == 3, "the tool's result, the reply, and the agent's result"


def test_a_result_lost_before_the_replay_is_a_typed_failure(bucket: Any) -> None:
    def lose() -> None:
        for key in keys(bucket):
            bucket.delete_object(Bucket="large", Key=key)

    outcome, model, _ = agent_with_large_results(lose)
    assert outcome.value[0] == "ResultNotKept"
    assert "is lost" in outcome.value[1]
    assert model.calls == [0, 1], "a lost result must not be paid for again silently"
