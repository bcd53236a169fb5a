"""The digest of what a model is asked, by which an answer is known to belong to a question."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from durable_strands.serdes import PlainJson

DIGITS = 16
_NOT_ASKED = frozenset({"cachePoint"})
"""Blocks of a message that change its price, not its meaning."""


def digest_of(system_prompt: Any, messages: Iterable[Mapping[str, Any]]) -> str:
    """Of the system prompt and the conversation; not of tools, limits or the model, which may be others later.

    Empty for content that is not JSON, of which nobody can tell.
    """
    conversation = [[message["role"], _content(message["content"])] for message in messages]
    system = _content(system_prompt) if isinstance(system_prompt, list) else system_prompt
    try:
        text = PlainJson().readable([system, conversation])
    except (TypeError, ValueError, RecursionError):
        return ""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _content(blocks: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [block for block in blocks if not _NOT_ASKED & block.keys()]
