"""A text too large for a checkpoint: refused without a bucket, kept in one with it."""

from typing import Any

from strands.types.exceptions import ModelThrottledException

from tests.fakes import FakeModel

EVENT = {"query": "edge computing"}
LONG = "word " * 60_000


def test_a_text_over_255_kb_is_kept_in_the_bucket_and_read_back_whole_on_replay(pipeline: Any, bucket: Any):
    pipeline.set_environment(LARGE_RESULTS_BUCKET="large")
    pipeline.models["research"] = FakeModel(LONG)
    pipeline.models["summary"] = FakeModel(ModelThrottledException("slow down"), "the summary")
    result = pipeline.result(EVENT)
    assert pipeline.invocations > 1
    assert pipeline.calls == {"research": 1, "analysis": 1, "summary": 2}
    assert result["research"] == LONG.strip()
    assert LONG.strip() in pipeline.models["analysis"].prompts[0]
    assert pipeline.bytes_written < 10_000
    assert bucket.list_objects_v2(Bucket="large")["KeyCount"] == 2


def test_a_bucket_that_takes_nothing_ends_the_execution_typed(pipeline: Any, bucket: Any):
    pipeline.set_environment(LARGE_RESULTS_BUCKET="another")
    pipeline.models["research"] = FakeModel(LONG)
    error = pipeline.error(EVENT)
    assert error.type == "ResultNotKept"
    assert pipeline.calls["research"] == 1
