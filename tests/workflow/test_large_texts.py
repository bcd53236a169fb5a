"""A text too large for a checkpoint: refused without a bucket, kept in one with it."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from strands.types.exceptions import ModelThrottledException

from tests.fakes import FakeModel

EVENT = {"query": "edge computing"}
LONG = "word " * 60_000


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{host}:{port}")
    s3: Any = boto3.client("s3")
    s3.create_bucket(Bucket="large")
    yield s3
    server.stop()


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
