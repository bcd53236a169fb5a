"""Results too large for a checkpoint: in the bucket, with their digest and size in the checkpoint."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from aws_durable_execution_sdk_python import SerDesError
from aws_durable_execution_sdk_python.serdes import SerDes, SerDesContext

from durable_strands.serdes import PlainJson
from durable_strands.sizes import LIMIT_BYTES

RESULT_LIMIT_BYTES = 6_000_000
"""Lambda refuses a response above 6 MB (6,291,456 bytes); the rest is for the envelope."""

_REFERENCE = "$stored"


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
            SerDesError: the bucket did not take it.
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
            raise SerDesError(f"a large result of {len(body)} bytes could not be stored: {_reason(error)}") from error
        return stored

    def get(self, stored: Stored) -> str:
        """The text that was stored.

        Raises:
            SerDesError: it is lost, or not what was stored.
        """
        try:
            body: bytes = self._s3().get_object(Bucket=stored.bucket, Key=stored.key)["Body"].read()
        except Exception as error:
            raise SerDesError(f"a large result is lost: {stored.key}: {_reason(error)}") from error
        if len(body) != stored.size_bytes or hashlib.sha256(body).hexdigest() != stored.sha256:
            raise SerDesError(f"a large result was altered: {stored.key}: its digest or size is not the checkpoint's")
        return body.decode()

    def _s3(self) -> Any:
        if self._client is None:
            import boto3
            from botocore.config import Config

            # Storage is retried here, in place: failing the step would pay for its model call again.
            retries = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=30)
            self._client = boto3.client("s3", config=retries)
        return self._client


class LargeResultsSerDes(SerDes[Any]):
    """Small results as they are; a large one as a reference to the bucket, verified whenever it is read."""

    def __init__(self, bucket: Bucket, limit_bytes: int = LIMIT_BYTES) -> None:
        self._bucket = bucket
        self._limit_bytes = limit_bytes
        self._json = PlainJson()

    def serialize(self, value: Any, context: SerDesContext) -> str:
        text = self._json.serialize(value)
        if len(text) <= self._limit_bytes:
            return text
        stored = self._bucket.put(text, f"{folder_of(context.durable_execution_arn)}/{context.operation_id}")
        return json.dumps({_REFERENCE: vars(stored)})

    def deserialize(self, data: str, _context: SerDesContext) -> Any:
        value = self._json.deserialize(data)
        if isinstance(value, dict) and value.keys() == {_REFERENCE}:
            return self._json.deserialize(self._bucket.get(Stored(**value[_REFERENCE])))
        return value


def too_large(document: Any) -> bool:
    """Whether Lambda would refuse `document` as a response."""
    return len(json.dumps(document)) > RESULT_LIMIT_BYTES


def folder_of(execution_arn: str) -> str:
    """The folder of an execution; its name may be a caller's words, so it is hashed."""
    return f"executions/{hashlib.sha256(execution_arn.encode()).hexdigest()[:32]}"


def _reason(error: Exception) -> str:
    code = getattr(error, "response", {}).get("Error", {}).get("Code")
    return str(code or type(error).__name__)
