"""Bedrock's prompt cache, reckoned from the bytes of each request: what it reads, what it writes, what it refuses.

The rules are those of https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html, read in November 2026.
A prefix is everything before a cache point, in the order tools, system, messages; another byte is another prefix.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.local_aws.bedrock.converse import ConverseRequest, texts
from scripts.local_aws.bedrock.wire import AwsError

MOST_POINTS = 4
LOOK_BACK = 20
"""Blocks before a cache point at which Bedrock looks for an earlier point's prefix."""

_FIVE_MINUTES = "5m"
SECONDS = {_FIVE_MINUTES: 300, "1h": 3600}
"""Life of a cache point -> how long its prefix is kept after its last use."""

_LEAST_TOKENS = {
    "claude-fable-5": 512,
    "claude-mythos-5": 512,
    "claude-mythos-preview": 4096,
    "claude-opus-5": 512,
    "claude-sonnet-5-5": 512,
    "claude-sonnet-5": 1024,
    "claude-haiku-5": 4096,
    "claude-opus-4-8": 1024,
    "claude-opus-4-7": 4096,
    "claude-opus-4-6": 4096,
    "claude-opus-4-5": 4096,
    "claude-opus-4-1": 1024,
    "claude-opus-4-2025": 1024,
    "claude-sonnet-4-6": 1024,
    "claude-sonnet-4-5": 1024,
    "claude-sonnet-4-2025": 1024,
    "claude-3-7-sonnet": 1024,
    "claude-haiku-4-5": 4096,
}
"""Family -> tokens of the shortest prefix that is cached; Haiku 5 is not on the page and has those of Haiku 4.5."""

_BEHIND_AN_ARN = 1024
"""Of a model that its id does not name, such as an application inference profile's."""


@dataclass(frozen=True)
class Cached:
    """Tokens of one request that came out of the cache, and that went into it.

    `prefix`: digest of everything before the last cache point.
    """

    read: int
    written: int
    prefix: str


@dataclass(frozen=True)
class _Block:
    """A part of a request, and the whole prompt up to its end.

    `life`: of the cache point behind it; None without one.
    """

    prefix: str
    words: int
    life: str | None = None


class PromptCache:
    """What Bedrock has cached.

    `clock`: seconds; Default: this machine's.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends: dict[tuple[str, str], float] = {}

    def serve(self, request: ConverseRequest, input_tokens: int) -> Cached | None:
        """Account for a request that is being answered; None without a cache point. Each model has its own cache.

        Args:
            request: as it came.
            input_tokens: of the whole request; those of a prefix are its share of the words.
        """
        blocks = list(_blocks(request.body))
        points = [place for place, block in enumerate(blocks) if block.life]
        if not points:
            return None
        tokens = [round(block.words * input_tokens / (blocks[-1].words or 1)) for block in blocks]
        found = max(self._found(request.model_id, blocks, point) for point in points)
        read = kept = tokens[found] if found >= 0 else 0
        for point in points:
            if tokens[point] >= _least_tokens(request.model_id):
                self._keep(request.model_id, blocks[point].prefix, blocks[point].life)
                kept = max(kept, tokens[point])
        return Cached(read, kept - read, blocks[points[-1]].prefix)

    def _found(self, model_id: str, blocks: list[_Block], point: int) -> int:
        """Place of the longest prefix at or shortly before the point that is cached; -1, none. A hit renews it."""
        for place in range(point, max(-1, point - LOOK_BACK - 1), -1):
            if self._ends.get((model_id, blocks[place].prefix), 0) > self._clock():
                self._keep(model_id, blocks[place].prefix, blocks[point].life)
                return place
        return -1

    def _keep(self, model_id: str, prefix: str, life: str | None) -> None:
        ends = self._clock() + SECONDS[life or _FIVE_MINUTES]
        self._ends[model_id, prefix] = max(ends, self._ends.get((model_id, prefix), 0))


def check_points(request: ConverseRequest) -> None:
    """Refuse cache points as Bedrock does.

    Raises:
        AwsError: there are too many, one has nothing before it or an unknown life, a longer life comes after a shorter
            one, or the model caches nothing.
    """
    lives = [_life(part["cachePoint"]) for part in _parts(request.body) if "cachePoint" in part]
    if not lives:
        return
    if _least_tokens(request.model_id) == 0:
        raise AwsError(
            "AccessDeniedException",
            "You invoked an unsupported model or your request did not allow prompt caching. "
            "See the documentation for more information.",
        )
    if len(lives) > MOST_POINTS:
        raise _invalid(f"A maximum of {MOST_POINTS} blocks with cache_control may be provided. Found {len(lives)}.")
    if "cachePoint" in next(_parts(request.body)):
        raise _invalid("There is nothing available to cache.")
    if unknown := [life for life in lives if life not in SECONDS]:
        raise _invalid(f"The ttl of a cachePoint must be one of {', '.join(SECONDS)}, got {unknown[0]!r}.")
    if sorted(lives, key=SECONDS.__getitem__, reverse=True) != lives:
        raise _invalid("A ttl='1h' cache_control block must not come after a ttl='5m' cache_control block.")


def _least_tokens(model_id: str) -> int:
    """Tokens of the shortest prefix that the model caches; 0 if it caches none."""
    known = (least for family, least in _LEAST_TOKENS.items() if family in model_id.lower())
    return next(known, _BEHIND_AN_ARN if model_id.startswith("arn:") else 0)


def _life(point: Mapping[str, Any]) -> str:
    return str(point.get("ttl", _FIVE_MINUTES))


def _blocks(body: Mapping[str, Any]) -> Iterator[_Block]:
    digest, words, block = hashlib.sha256(), 0, None
    for part in _parts(body):
        if "cachePoint" in part:
            if block is not None:
                block = _Block(block.prefix, block.words, _life(part["cachePoint"]))
            continue
        if block is not None:
            yield block
        digest.update(json.dumps(part).encode() + b"\n")
        words += sum(len(text.split()) for text in texts(part))
        block = _Block(digest.copy().hexdigest(), words)
    if block is not None:
        yield block


def _parts(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Tools, system, messages: each block with whose it is."""
    yield from (body.get("toolConfig") or {}).get("tools") or []
    yield from body.get("system") or []
    for message in body.get("messages") or []:
        for block in message.get("content") or []:
            yield block if "cachePoint" in block else {"role": message.get("role"), **block}


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
