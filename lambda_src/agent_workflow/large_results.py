"""Results too large for a checkpoint: in the bucket, with their digest and size in the checkpoint."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from aws_durable_execution_sdk_python import RetryableSerDesError, SerDesError
from aws_durable_execution_sdk_python.serdes import SerDes, SerDesContext

from agent_workflow.store_faults import StoreFault, passes_by_itself, reason
from durable_strands.records import CallRecord, total_usage, unknown_calls
from durable_strands.serdes import PlainJson
from durable_strands.sizes import LIMIT_BYTES

RESULT_LIMIT_BYTES = 6_000_000
"""Lambda refuses a response above 6 MB (6,291,456 bytes); the rest is for the envelope."""

CHAINED_LIMIT_BYTES = 1_000_000
"""The durable service refuses the result of an execution that another one started above 1 MiB, 1,048,576 bytes."""

MOST_LOST_READS = 4
"""Invocations of one process that may end because an object cannot be read now, before it counts as lost."""

_REFERENCE = "$stored"
_lost_reads: Counter[str] = Counter()


@dataclass(frozen=True)
class Stored:
    """Where a large value lies, and how to know it again.

    Attributes:
        bucket: name of the bucket.
        key: key of the object.
        sha256: hex digest of its bytes.
        size_bytes: number of its bytes.
    """

    bucket: str
    key: str
    sha256: str
    size_bytes: int


@dataclass
class Bucket:
    """Puts texts into the bucket and gets them back unchanged, or says that it cannot.

    The key holds the digest, so writing a value twice, as a retried step does, is writing it once.

    Attributes:
        name: the bucket.
        kms_key_arn: key that encrypts the objects. Default: the bucket's own encryption.
    """

    name: str
    kms_key_arn: str | None = None
    _client: Any = field(default=None, repr=False)

    def put(self, text: str, folder: str) -> Stored:
        """Store `text` below `folder`.

        Raises:
            StoreFault: the bucket did not take it.
        """
        body = text.encode()
        digest = hashlib.sha256(body).hexdigest()
        stored = Stored(self.name, f"{folder}/{digest}.json", digest, len(body))
        key = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.kms_key_arn} if self.kms_key_arn else {}
        try:
            self._s3().put_object(
                Bucket=stored.bucket, Key=stored.key, Body=body, ContentType="application/json", **key
            )
        except Exception as error:
            told = f"a large result of {len(body)} bytes could not be stored: {reason(error)}"
            raise StoreFault(told, passes=passes_by_itself(error)) from error
        return stored

    def get(self, stored: Stored) -> str:
        """The text that was stored.

        Raises:
            StoreFault: it is lost, cannot be read now, or is not what was stored.
        """
        try:
            body: bytes = self._s3().get_object(Bucket=stored.bucket, Key=stored.key)["Body"].read()
        except Exception as error:
            passes = passes_by_itself(error)
            state = "cannot be read" if passes else "is lost"
            raise StoreFault(f"a large result {state}: {stored.key}: {reason(error)}", passes=passes) from error
        if len(body) != stored.size_bytes or hashlib.sha256(body).hexdigest() != stored.sha256:
            raise StoreFault(f"a large result was altered: {stored.key}: its digest or size is not the checkpoint's")
        return body.decode()

    def _s3(self) -> Any:
        if self._client is None:
            import boto3
            from botocore.config import Config

            # Storage is retried here, in place, for half a minute on average and 71 seconds at most beside the answers
            # themselves: ending the invocation would pay for the model call again.
            retries = Config(retries={"mode": "standard", "total_max_attempts": 8}, connect_timeout=5, read_timeout=30)
            self._client = boto3.client("s3", config=retries)
        return self._client


def bucket_of(name: str | None, kms_key_arn: str | None) -> Bucket | None:
    """The deployment's bucket, if it has one."""
    return Bucket(name, kms_key_arn) if name else None


class LargeResultsSerDes(SerDes[Any]):
    """Small results as they are; a large one as a reference to the bucket, verified whenever it is read.

    The SDK reads a value back as soon as it is written. If the bucket cannot be read just then, the text that it took a
    moment ago stands in: ending the invocation between a paid reply and its checkpoint would buy the reply again.
    """

    def __init__(self, bucket: Bucket, limit_bytes: int = LIMIT_BYTES) -> None:
        self._bucket = bucket
        self._limit_bytes = limit_bytes
        self._json = PlainJson()
        self._just_stored: dict[str, str] = {}

    def serialize(self, value: Any, context: SerDesContext) -> str:
        """The value's JSON, or its reference.

        Raises:
            SerDesError: the bucket did not take it; its data is what the value cost.
        """
        text = self._json.serialize(value)
        if len(text) <= self._limit_bytes:
            return text
        spent, text = _spent(value), self._json.readable(value)
        try:
            stored = self._bucket.put(text, f"{folder_of(context.durable_execution_arn)}/{context.operation_id}")
        except StoreFault as fault:
            raise SerDesError(str(fault), data=json.dumps(spent)) from fault
        self._just_stored[stored.key] = text
        return json.dumps({_REFERENCE: {**vars(stored), "spent": spent}})

    def deserialize(self, data: str, _context: SerDesContext | None = None) -> Any:
        """The value that was written.

        Raises:
            RetryableSerDesError: the bucket cannot be read now; the next invocation tries again.
            SerDesError: it is lost or altered, or could not be read often enough; its data is what the value cost.
        """
        value = self._json.deserialize(data)
        if is_reference(value):
            return self._json.deserialize(self._text_of(value[_REFERENCE]))
        return value

    def _text_of(self, reference: dict[str, Any]) -> str:
        spent = reference.pop("spent", None)
        stored = Stored(**reference)
        kept = self._just_stored.pop(stored.key, None)
        try:
            text = self._bucket.get(stored)
        except StoreFault as fault:
            if fault.passes and kept is not None:
                return kept
            if fault.passes and _lost_reads[stored.key] < MOST_LOST_READS - 1:
                _lost_reads[stored.key] += 1
                raise ResultNotRead(str(fault)) from fault
            _lost_reads.pop(stored.key, None)
            raise SerDesError(str(fault), data=json.dumps(spent)) from fault
        _lost_reads.pop(stored.key, None)
        return text


def is_reference(value: Any, bucket: str | None = None) -> bool:
    """Whether `value` stands for one that lies in a bucket. Default: in whatever bucket."""
    reference = value[_REFERENCE] if isinstance(value, dict) and value.keys() == {_REFERENCE} else None
    return reference is not None if bucket is None else _names(reference).get("bucket") == bucket


def _names(reference: Any) -> Mapping[str, Any]:
    """The fields of a reference; none of what is not one, which only a caller's event can hold."""
    known = {each.name for each in fields(Stored)}
    return reference if isinstance(reference, dict) and reference.keys() - {"spent"} == known else {}


class ResultNotRead(RetryableSerDesError):
    """Ends the invocation, so that the engine starts another. Nothing is bought again: the call has its checkpoint."""


# If the engine gives up before this process does, the execution ends with the name that callers match.
ResultNotRead.__module__, ResultNotRead.__qualname__, ResultNotRead.__name__ = "builtins", *["ResultNotKept"] * 2


def _spent(value: Any) -> dict[str, Any]:
    """What the calls in `value` cost, as a failure's data tells it, for when the value itself is lost."""
    document = value if isinstance(value, Mapping) else {}
    records = [document["record"]] if "record" in document else document.get("calls", [])
    calls = [CallRecord.from_dict(record) for record in records]
    return {"usage": vars(total_usage(calls)), "unknown_calls": unknown_calls(calls), "calls": []}


def too_large(document: Any, most_bytes: int = RESULT_LIMIT_BYTES) -> bool:
    """Whether `document` would be refused as a response of at most so many bytes. Default: that of Lambda."""
    return len(json.dumps(document)) > most_bytes


def folder_of(execution_arn: str) -> str:
    """The folder of an execution; its name may be a caller's words, so it is hashed."""
    return f"executions/{hashlib.sha256(execution_arn.encode()).hexdigest()[:32]}"
