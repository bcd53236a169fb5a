"""Answers from a script file: the same request always gets the same reply, faults are used up one per request."""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scripts.local_aws.bedrock.converse import ConverseRequest
from scripts.local_aws.bedrock.faults import Fault, broken_stream, refusal
from scripts.local_aws.bedrock.pieces import (
    Begin,
    ConnectionDropped,
    End,
    Piece,
    Reasoning,
    Text,
    ToolInput,
    ToolStart,
    Usage,
)
from scripts.local_aws.bedrock.prompt_cache import PromptCache, check_points
from scripts.local_aws.bedrock.reasoning import check_reasoning, reasons, signature
from scripts.local_aws.bedrock.wire import AwsError

_MOST_PIECES = 1000
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Tokens = Annotated[int, Field(ge=0)]


class ScriptError(ValueError):
    """The script is unusable; the message names the place in it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ScriptedUsage(_Part):
    """Token counts to report. Default: words are counted instead.

    `inputTokens`: of the whole request; what the prompt cache holds of it is counted apart, see prompt_cache.py.
    `cacheReadInputTokens`, `cacheWriteInputTokens`: instead of those that the request's cache points come to.
    Default: none on the wire without a cache point.
    """

    inputTokens: Tokens | None = None  # noqa: N815 - Bedrock's own names
    outputTokens: Tokens | None = None  # noqa: N815
    cacheReadInputTokens: Tokens | None = None  # noqa: N815
    cacheWriteInputTokens: Tokens | None = None  # noqa: N815


class ScriptedToolUse(_Part):
    """A tool the reply asks for."""

    name: str
    input: dict[str, Any] = {}


class ScriptedReply(_Part):
    """One reply and the faults that come before it.

    `agent`, `turn`: whom it answers. Default: "*", any.
    `contains`: a text that must stand in the conversation, such as a topic. Default: any conversation.
    `name`: what the calls file calls a request that it answers. Default: nothing.
    `reasoning`: what comes before the text where the request asks for reasoning, signed; a request that gives it back
    with another signature is refused. Default: none.
    `stop_reason`: Default: tool_use when the reply asks for tools, else end_turn.
    `delay_seconds`: silence before the first byte. Default: 0.
    `stall_seconds`: silence of the stall faults, after which the socket closes. Default: an hour.
    """

    agent: str = "*"
    turn: Annotated[int, Field(ge=1)] | Literal["*"] = "*"
    contains: str = ""
    name: str | None = None
    reasoning: str = ""
    text: str = ""
    tool_uses: list[ScriptedToolUse] = []
    stop_reason: (
        Literal["end_turn", "tool_use", "max_tokens", "stop_sequence", "guardrail_intervened", "content_filtered"]
        | None
    ) = None
    usage: ScriptedUsage = ScriptedUsage()
    delay_seconds: Seconds = 0
    stall_seconds: Seconds = 3600
    faults: list[Fault] = []

    def answers(self, request: ConverseRequest) -> bool:
        """Whether this reply is meant for the request's agent, turn and conversation."""
        fits = self.agent in ("*", request.agent) and self.turn in ("*", request.turn)
        return fits and (not self.contains or self.contains in request.text())


class Script(_Part):
    """The whole file: the first reply that matches wins, `default` answers what none matches."""

    replies: list[ScriptedReply] = []
    default: ScriptedReply | None = None


def parse_script(text: str | bytes) -> Script:
    """The script in a JSON document.

    Raises:
        ScriptError: Not JSON, or not a script; the message names the place, such as `replies[0].faults[1]`.
    """
    try:
        return Script.model_validate_json(text)
    except ValidationError as refused:
        first = refused.errors(include_url=False, include_context=False)[0]
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"]).lstrip(".")
        raise ScriptError(f"{place}: {first['msg']}" if place else first["msg"]) from None


class ScriptBackend:
    """Replays a script; knows nothing between requests but how many faults each agent's turn has used up."""

    label = "scripted replies"

    def __init__(self, script: Script, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.replace(script)

    def replace(self, script: Script) -> None:
        """Answer from `script` from now on, with all its faults unused and nothing cached."""
        self._cache = PromptCache(self._clock)
        self._entries = [*script.replies, *([script.default] if script.default else [])]
        self._used: Counter[tuple[int, str, int]] = Counter()

    def name_of(self, request: ConverseRequest) -> str | None:
        """The name of the reply that answers the request."""
        return next((entry.name for entry in self._entries if entry.answers(request)), None)

    async def reply(self, request: ConverseRequest) -> AsyncGenerator[Piece, None]:
        """The scripted pieces, word by word, or as many of them as the next fault lets through."""
        check_points(request)
        check_reasoning(request)
        entry, fault = self._next(request)
        await asyncio.sleep(entry.delay_seconds)
        if fault and (error := refusal(fault)):
            raise error
        if fault == "stall":
            await _stall(entry, fault)
        usage, prefix = self._usage(entry, request)
        pieces = list(_pieces(entry, request, usage))
        yield Begin(usage.input_tokens, prefix)
        if entry.reasoning and reasons(request):
            yield Reasoning(entry.reasoning, signature(entry.reasoning))
        for piece in pieces[: len(pieces) // 2] if fault else pieces:
            await asyncio.sleep(0)  # lets other calls speak and a departed client be noticed
            yield piece
        if fault:
            await _break_off(entry, fault, request)
        stop_reason = entry.stop_reason or ("tool_use" if entry.tool_uses else "end_turn")
        yield End(stop_reason, usage)

    def _usage(self, entry: ScriptedReply, request: ConverseRequest) -> tuple[Usage, str | None]:
        """What the reply reports, and the digest of the prefix that is cached for it, if any."""
        given = entry.usage
        words = len(entry.text.split()) + sum(len(json.dumps(tool.input).split()) + 1 for tool in entry.tool_uses)
        sent = request.words() if given.inputTokens is None else given.inputTokens
        written = words if given.outputTokens is None else given.outputTokens
        cached = self._cache.serve(request, sent)
        if cached is None or given.cacheReadInputTokens is not None or given.cacheWriteInputTokens is not None:
            return Usage(sent, written, given.cacheReadInputTokens, given.cacheWriteInputTokens), None
        return Usage(sent - cached.read - cached.written, written, cached.read, cached.written), cached.prefix

    def _next(self, request: ConverseRequest) -> tuple[ScriptedReply, Fault | None]:
        for index, entry in enumerate(self._entries):
            if entry.answers(request):
                key = (index, request.agent, request.turn)
                self._used[key] += 1
                fault = entry.faults[self._used[key] - 1] if self._used[key] <= len(entry.faults) else None
                return entry, fault
        unscripted = f"The script has no reply for agent {request.agent}, turn {request.turn}."
        raise AwsError("ValidationException", unscripted)


async def _break_off(entry: ScriptedReply, fault: Fault, request: ConverseRequest) -> None:
    if error := broken_stream(fault, request):
        raise error
    if fault == "stall_midstream":
        await _stall(entry, fault)
    raise ConnectionDropped(fault)


async def _stall(entry: ScriptedReply, fault: Fault) -> None:
    await asyncio.sleep(entry.stall_seconds)
    raise ConnectionDropped(fault)


def _pieces(entry: ScriptedReply, request: ConverseRequest, usage: Usage) -> Iterator[Piece]:
    """Text word by word, each tool's input in a few bits; the output tokens are spread evenly over all of them."""
    words = _in_bits(re.findall(r"\s*\S+(?:\s+$)?", entry.text) or ([entry.text] if entry.text else []))
    inputs = [_in_bits(list(json.dumps(tool.input)), most=4) for tool in entry.tool_uses]
    share = usage.output_tokens / max(1, len(words) + sum(map(len, inputs)))
    sent = 0
    for word in words:
        sent += 1
        yield Text(word, round(sent * share))
    for position, (tool, bits) in enumerate(zip(entry.tool_uses, inputs, strict=True), start=1):
        yield ToolStart(_tool_use_id(request, position), tool.name)
        for bit in bits:
            sent += 1
            yield ToolInput(bit, round(sent * share))


def _in_bits(parts: list[str], most: int = _MOST_PIECES) -> list[str]:
    size = -(-len(parts) // most) or 1
    return ["".join(parts[start : start + size]) for start in range(0, len(parts), size)]


def _tool_use_id(request: ConverseRequest, position: int) -> str:
    """The same for the same turn in every process, so that a resumed run meets the ids it has checkpointed."""
    agent = re.sub(r"[^a-zA-Z0-9_-]", "-", request.agent)[:32]
    return f"tooluse_{agent}_{request.turn}_{position}"
