"""The key of an endpoint: one field of one secret, read when the first call needs it."""

from __future__ import annotations

import json
from functools import cache

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from agent_workflow.model import client_config
from durable_strands.classify import classify
from durable_strands.errors import AgentFailed, ModelAccessDenied, ModelUnavailable

SECONDS = 10


@cache
def key_of(secret_arn: str, field: str, model: str) -> str:
    """The key, kept for the life of the process; a failure is not kept.

    Args:
        secret_arn: of the secret.
        field: of its JSON.
        model: id of the model, for a failure, which names neither the secret nor its value.

    Raises:
        ModelAccessDenied: the secret may not be read, or holds no such field.
        ModelUnavailable: Secrets Manager cannot be asked now.
    """
    region = secret_arn.split(":")[3] if secret_arn.startswith("arn:") else None
    client = boto3.client("secretsmanager", region_name=region, config=client_config(SECONDS, SECONDS))
    try:
        text = client.get_secret_value(SecretId=secret_arn).get("SecretString")
    except (BotoCoreError, ClientError) as error:
        raise _unread(error, model) from error
    try:
        key = json.loads(text or "")[field]
    except (ValueError, TypeError, KeyError, IndexError):
        key = None
    if not isinstance(key, str) or not key.isascii() or not key.isprintable() or not key:
        raise ModelAccessDenied(
            f"the secret of {model} must be a JSON object whose field {field!r} is the key, got another document"
        ) from None
    return key


def _unread(error: Exception, model: str) -> AgentFailed:
    """Nothing was asked of the model yet, so nothing can have been billed."""
    kind = ModelUnavailable if classify(error).retryable else ModelAccessDenied
    response = getattr(error, "response", None) or {}
    code = str(response.get("Error", {}).get("Code", type(error).__name__))
    return kind(f"the secret with the key of {model} could not be read: {code}")
