"""What one run of an agent leaves behind: tokens, calls, text. Plain values, no SDK."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


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

    @classmethod
    def of_reply(cls, usage: Mapping[str, Any]) -> Usage:
        """Usage from the `usage` object of a Converse reply."""
        return cls(
            int(usage.get("inputTokens", 0)),
            int(usage.get("outputTokens", 0)),
            int(usage.get("cacheReadInputTokens", 0) or 0),
            int(usage.get("cacheWriteInputTokens", 0) or 0),
        )


@dataclass(frozen=True)
class CallRecord:
    """One finished model or tool call.

    Attributes:
        agent: Name of the agent's operation, such as `research-agent`.
        name: Name of the call inside it: `model-1`, `tool-1-search`.
        kind: `model` or `tool`.
        model_id: The model that answered; None for a tool, or a model that has no id.
        usage: Tokens of this call; zero for a tool.
        latency_ms: Wall clock of the successful attempt, in milliseconds.
        attempts: Tries including the successful one.
        stop_reason: Why the model stopped; for a tool `success` or `error`.
        invocation: Request id of the Lambda invocation that made the call. Two calls with different ids have a resume
            between them. Empty without a Lambda context.
    """

    agent: str
    name: str
    kind: str
    model_id: str | None = None
    usage: Usage = field(default_factory=Usage)
    latency_ms: int = 0
    attempts: int = 1
    stop_reason: str | None = None
    invocation: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON form, as checkpointed."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CallRecord:
        """Rebuild a record from its checkpointed form."""
        return cls(**{**data, "usage": Usage(**data["usage"])})


def total_usage(calls: Iterable[CallRecord]) -> Usage:
    """Sum of the tokens of `calls`."""
    return sum((call.usage for call in calls), Usage())


@dataclass(frozen=True)
class AgentRun:
    """A finished run of one agent, the same on the first run and on every replay.

    Attributes:
        name: Name of the agent's operation.
        stop_reason: `end_turn`, `stop_sequence`, or `tool_use` when `structured_output` is set.
        message: The final assistant message, in Converse's shape.
        calls: Every finished call, in order.
        structured_output: The validated structured output as JSON, if one was asked for.
        messages: The messages this run added to the conversation; empty unless they were asked for.
    """

    name: str
    stop_reason: str
    message: dict[str, Any]
    calls: tuple[CallRecord, ...] = ()
    structured_output: Any = None
    messages: tuple[dict[str, Any], ...] = ()

    @property
    def text(self) -> str:
        """The text blocks of the final message, joined."""
        blocks = self.message.get("content", [])
        return "".join(block["text"] for block in blocks if "text" in block).strip()

    @property
    def usage(self) -> Usage:
        """Tokens of all calls of this run."""
        return total_usage(self.calls)

    def to_dict(self) -> dict[str, Any]:
        """JSON form, as checkpointed."""
        return {
            "stop_reason": self.stop_reason,
            "message": self.message,
            "calls": [call.to_dict() for call in self.calls],
            "structured_output": self.structured_output,
            "messages": list(self.messages),
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
            tuple(data["messages"]),
        )
