"""What the page asks of AWS: whether a link is signed, what an execution asks, to take an answer."""

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

from agent_workflow.review_link import ALGORITHM

_CLOSED = frozenset({"CallbackTimeoutException", "InvalidParameterValueException", "ResourceNotFoundException"})
"""What Lambda says of a callback that takes no answer any more; AWS's local engine says the last."""
_NOT_OURS = frozenset({"AccessDeniedException", "ResourceNotFoundException"})
"""What it says of an execution of another function, or one long gone."""


def is_signed(message: bytes, signature: bytes) -> bool:
    """Whether the link key signed the message."""
    key = os.environ["REVIEW_LINK_KEY_ARN"]
    try:
        _client("kms").verify_mac(KeyId=key, Message=message, Mac=signature, MacAlgorithm=ALGORITHM)
    except ClientError as error:
        if _code(error) == "KMSInvalidMacException":
            return False
        raise
    return True


def newest_events_first(execution_arn: str) -> Iterator[dict[str, Any]]:
    """The history of an execution with its data; none if this function may not read it."""
    pages = (
        _client("lambda")
        .get_paginator("get_durable_execution_history")
        .paginate(DurableExecutionArn=execution_arn, IncludeExecutionData=True, ReverseOrder=True)
    )
    try:
        for page in pages:
            yield from page["Events"]
    except ClientError as error:
        if _code(error) not in _NOT_OURS:
            raise


def stored(bucket: str, key: str) -> bytes:
    """A text too large for a checkpoint."""
    body: bytes = _client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def answer(callback_id: str, result: str) -> bool:
    """Send a callback's result; whether it was the first, and so was taken."""
    try:
        _client("lambda").send_durable_execution_callback_success(CallbackId=callback_id, Result=result.encode())
    except ClientError as error:
        if _code(error) not in _CLOSED:
            raise
        return False
    return True


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


@cache
def _client(service: str) -> Any:
    return boto3.client(service)  # type: ignore[call-overload]
