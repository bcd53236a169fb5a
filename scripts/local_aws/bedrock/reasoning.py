"""What Bedrock refuses of a request that asks for reasoning, or gives reasoning back."""

import hashlib
from typing import Any

from scripts.local_aws.bedrock.converse import ConverseRequest
from scripts.local_aws.bedrock.wire import AwsError

_FIELDS = {"thinking", "reasoningConfig", "reasoning_effort"}
"""Fields by which Claude, Nova and gpt-oss are asked to reason."""


def reasons(request: ConverseRequest) -> bool:
    """Whether the request asks for reasoning."""
    return bool(_FIELDS & _asked(request).keys())


def signature(text: str) -> str:
    """By which the model knows its own words again."""
    return hashlib.sha256(text.encode()).hexdigest()


def check_reasoning(request: ConverseRequest) -> None:
    """Refuse what Claude refuses.

    Raises:
        AwsError: the budget leaves no token for the answer, a temperature stands beside it, or a text that is given
            back is not the one that was signed.
    """
    thinking = _asked(request).get("thinking") or {}
    most, budget = request.inference.get("maxTokens"), thinking.get("budget_tokens")
    if budget is not None and most is not None and budget >= most:
        raise _invalid("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if thinking and request.inference.get("temperature", 1) != 1:
        raise _invalid("`temperature` may only be set to 1 when thinking is enabled.")
    for message in request.messages:
        for block in message["content"]:
            given = block.get("reasoningContent", {}).get("reasoningText")
            if given and given.get("signature") != signature(given["text"]):
                raise _invalid("Invalid `signature` in `thinking` block.")


def _asked(request: ConverseRequest) -> dict[str, Any]:
    return request.body.get("additionalModelRequestFields") or {}


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
