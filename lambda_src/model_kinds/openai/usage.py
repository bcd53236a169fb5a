"""What a model of another kind says it used, in the terms of Bedrock, by which the ledger reckons."""

from __future__ import annotations

from typing import Any

_CACHED = ("cacheReadInputTokens", "cacheWriteInputTokens")


def apart(chunk: Any) -> Any:
    """The same chunk of Strands' stream, its input without the cached tokens: OpenAI counts them in, Bedrock does not.

    Else a ledger would price them twice.
    """
    usage = chunk.get("metadata", {}).get("usage")
    if usage:
        usage["inputTokens"] -= sum(usage.get(kind, 0) for kind in _CACHED)
    return chunk
