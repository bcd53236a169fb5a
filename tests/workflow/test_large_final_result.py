"""A result above Lambda's 6 MB: whole in the bucket, a reference in the response; without a bucket a typed failure."""

import hashlib
import json

from tests.fakes import FakeModel

LONG = "word " * 700_000


def with_long_texts(pipeline):
    pipeline.models = {name: FakeModel(LONG) for name in pipeline.models}


def test_the_whole_result_is_stored_and_its_reference_returned(pipeline, bucket):
    pipeline.set_environment(LARGE_RESULTS_BUCKET="large")
    with_long_texts(pipeline)
    result = pipeline.result({"query": "tides"})
    stored = result["stored"]
    body = bucket.get_object(Bucket=stored["bucket"], Key=stored["key"])["Body"].read()
    assert hashlib.sha256(body).hexdigest() == stored["sha256"]
    assert len(body) == stored["size_bytes"] > 6_000_000
    whole = json.loads(body)
    assert (whole["research"], whole["analysis"], whole["report"]) == (LONG.strip(),) * 3
    assert (result["status"], result["query"], result["usage"]["model_calls"]) == ("completed", "tides", 3)
    assert pipeline.calls == {"research": 1, "analysis": 1, "summary": 1}


def test_fails_typed_and_paid_once_when_a_reply_is_large_and_there_is_no_bucket(pipeline):
    with_long_texts(pipeline)
    assert pipeline.error({"query": "tides"}).type == "ResultTooLarge"
    assert pipeline.calls == {"research": 1, "analysis": 0, "summary": 0}
