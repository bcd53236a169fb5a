"""What one run of an agent leaves behind: tokens, calls, text. Plain values, no SDK."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

_CACHE_COUNTS = ("cacheReadInputTokens", "cacheWriteInputTokens")
_MOST_TOKENS = 2**31 - 1
"""Bedrock's counts are 32-bit integers."""

FAILED = "failed"
"""Kind of the record that stands for the tokens of a call that failed after it was, or may have been, billed."""


@dataclass(frozen=True)
class Usage:
    """Tokens of one or more model calls, by kind.

    `input_tokens` excludes cache tokens, as Bedrock reports them
    (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html).
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
        )

    def uncached(self) -> Usage:
        """The same tokens as a provider without a prompt cache would have counted them."""
        return Usage(self.input_tokens + self.cache_read_tokens + self.cache_write_tokens, self.output_tokens)

    @classmethod
    def of_reply(cls, usage: Any) -> Usage | None:
        """Usage from the `usage` object of a Converse reply; None, which is unknown, if it could not be a true one.

        A count that is missing or impossible must never be read as zero: the call was billed all the same. Only the
        cache counts may be left out, as Bedrock does without a prompt cache.
        """
        if not isinstance(usage, Mapping):
            return None
        counts: list[Any] = [usage.get("inputTokens"), usage.get("outputTokens")]
        counts += [0 if usage.get(kind) is None else usage[kind] for kind in _CACHE_COUNTS]
        return cls(*counts) if all(type(count) is int and 0 <= count <= _MOST_TOKENS for count in counts) else None


@dataclass(frozen=True)
class CallRecord:
    """One finished model or tool call.

    Attributes:
        agent: Name of the agent's operation, such as `research-agent`.
        name: Name of the call inside it: `model-1`, `tool-1-search`.
        kind: `model`, `tool`, or `failed`: a model call without a reply that was, or may have been, billed.
        model_id: The model that answered; None for a tool, or a model that has no id.
        usage: Tokens of this call; zero for a tool. None if the reply did not tell them: the call was billed, and how
            much is unknown.
        latency_ms: Wall clock of the successful attempt, in milliseconds.
        attempts: Tries including the successful one.
        stop_reason: Why the model stopped; for a tool `success` or `error`.
        invocation: Request id of the Lambda invocation that made the call. Two calls with different ids have a resume
            between them. Empty without a Lambda context.
        count: How many calls the record stands for. Default: 1. More only where a list of calls was too long to keep;
            tokens, latency and attempts are sums then.
        broken_attempts: Failed tries of this call that may have been billed, for tokens that are in no usage.
        deferrals: How often it was put off before it, or a try of it, began; none of them is an attempt.
        taken: Whether it was made and paid by an earlier execution, whose result this one has taken.
    """

    agent: str
    name: str
    kind: str
    model_id: str | None = None
    usage: Usage | None = field(default_factory=Usage)
    latency_ms: int = 0
    attempts: int = 1
    stop_reason: str | None = None
    invocation: str = ""
    count: int = 1
    broken_attempts: int = 0
    deferrals: int = 0
    taken: bool = False

    def to_dict(self) -> dict[str, Any]:
        """JSON form, as checkpointed."""
        record = asdict(self)
        return record if record.pop("taken") is False else {**record, "taken": True}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CallRecord:
        """Rebuild a record from its checkpointed form."""
        usage = data["usage"]
        return cls(**{**data, "usage": None if usage is None else Usage(**usage)})


def total_usage(calls: Iterable[CallRecord]) -> Usage:
    """Sum of the known tokens of `calls`; `unknown_calls` says how many are missing from it."""
    return sum((call.usage for call in calls if call.usage is not None), Usage())


def unknown_calls(calls: Iterable[CallRecord]) -> int:
    """How many of `calls` were billed for tokens that are unknown."""
    return sum(call.count for call in calls if call.usage is None)


def condensed(calls: Iterable[CallRecord]) -> tuple[CallRecord, ...]:
    """One record for all calls of the same agent, kind and model; of unknown usage, and taken ones, apart: no list."""
    sums: dict[tuple[Any, ...], CallRecord] = {}
    for call in calls:
        key = (call.agent, call.kind, call.model_id, call.usage is None, call.taken)
        sums[key] = _with(sums[key], call) if key in sums else replace(call, stop_reason=None, invocation="")
    return tuple(sums.values())


def _with(sum_: CallRecord, call: CallRecord) -> CallRecord:
    return replace(
        sum_,
        name=f"{call.kind}-calls",
        usage=None if sum_.usage is None or call.usage is None else sum_.usage + call.usage,
        latency_ms=sum_.latency_ms + call.latency_ms,
        attempts=sum_.attempts + call.attempts,
        count=sum_.count + call.count,
        broken_attempts=sum_.broken_attempts + call.broken_attempts,
        deferrals=sum_.deferrals + call.deferrals,
    )


def _texts(blocks: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for block in blocks:
        if "text" in block:
            yield block["text"]
        yield from _texts(block.get("citationsContent", {}).get("content", []))


@dataclass(frozen=True)
class AgentRun:
    """A finished run of one agent, the same on the first run and on every replay.

    Attributes:
        name: Name of the agent's operation.
        stop_reason: `end_turn`, `stop_sequence`, or `tool_use` when `structured_output` is set.
        message: The final assistant message, in Converse's shape.
        calls: Every finished call, in order.
        structured_output: The validated structured output as JSON, if one was asked for.
        structured_input: What the model gave for it, from which an equal object is built again.
        change: What the run left in its agent (see `snapshot.Change`); empty unless it was asked for.
    """

    name: str
    stop_reason: str
    message: dict[str, Any]
    calls: tuple[CallRecord, ...] = ()
    structured_output: Any = None
    structured_input: Any = None
    change: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text blocks of the final message, joined, those with citations included."""
        return "".join(_texts(self.message.get("content", []))).strip()

    @property
    def usage(self) -> Usage:
        """Known tokens of all calls of this run."""
        return total_usage(self.calls)

    @property
    def unknown_calls(self) -> int:
        """Calls of this run whose tokens are unknown."""
        return unknown_calls(self.calls)

    def to_dict(self) -> dict[str, Any]:
        """JSON form, as checkpointed."""
        return {
            "stop_reason": self.stop_reason,
            "message": self.message,
            "calls": [call.to_dict() for call in self.calls],
            "structured_output": self.structured_output,
            "structured_input": self.structured_input,
            "change": self.change,
        }

    @classmethod
    def from_dict(cls, name: str, data: Mapping[str, Any]) -> AgentRun:
        """Rebuild a run from its checkpointed form."""
        return cls(
            name,
            data["stop_reason"],
            data["message"],
            tuple(CallRecord.from_dict(call) for call in data["calls"]),
            data["structured_output"],
            data.get("structured_input"),
            data.get("change", {}),
        )
