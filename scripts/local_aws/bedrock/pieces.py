"""What a backend hands over while it answers: the pieces of one reply, in the order they come into being."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from scripts.local_aws.bedrock.converse import ConverseRequest


@dataclass(frozen=True)
class Usage:
    """Tokens of one reply. The cache counts stay off the wire while they are None."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None

    def cached(self) -> dict[str, int]:
        """The cache counts that are on the wire."""
        counts = {"cache_read_tokens": self.cache_read_tokens, "cache_write_tokens": self.cache_write_tokens}
        return {kind: count for kind, count in counts.items() if count is not None}

    def wire(self) -> dict[str, int]:
        """The `usage` object of Converse; as on Bedrock, `inputTokens` does not include cached ones."""
        names = {"cache_read_tokens": "cacheReadInputTokens", "cache_write_tokens": "cacheWriteInputTokens"}
        given = {names[kind]: count for kind, count in self.cached().items()}
        total = self.input_tokens + self.output_tokens + sum(given.values())
        return {"inputTokens": self.input_tokens, "outputTokens": self.output_tokens, "totalTokens": total, **given}


@dataclass(frozen=True)
class Begin:
    """The model took the request; from here on an error travels inside the stream.

    `prefix`: digest of what the prompt cache keeps of it. Default: nothing.
    """

    input_tokens: int
    prefix: str | None = None


@dataclass(frozen=True)
class Text:
    """A bit of text; `output_tokens` counts all tokens of the reply up to here."""

    text: str
    output_tokens: int


@dataclass(frozen=True)
class Reasoning:
    """What the model thought, whole, and the signature by which it knows its own words again."""

    text: str
    signature: str


@dataclass(frozen=True)
class ToolStart:
    """The model begins to ask for a tool."""

    tool_use_id: str
    name: str


@dataclass(frozen=True)
class ToolInput:
    """A bit of the JSON text of the tool's input; `output_tokens` counts all tokens up to here."""

    json_text: str
    output_tokens: int


@dataclass(frozen=True)
class End:
    """The reply is whole; `stop_reason` is one of Bedrock's."""

    stop_reason: str
    usage: Usage


Piece = Begin | Reasoning | Text | ToolStart | ToolInput | End


class ConnectionDropped(Exception):
    """The backend wants the client to see the socket close here; `args[0]` says why, for the calls log."""


class Backend(Protocol):
    """Something that answers Converse requests."""

    label: str
    """What answers, in words for people and for /_local/health."""

    def reply(self, request: ConverseRequest) -> AsyncGenerator[Piece, None]:
        """Yield Begin, then text and tool pieces, then End.

        Raises:
            AwsError: The model refuses or fails; before Begin the client gets an HTTP status, later a frame.
            ConnectionDropped: Close the client's socket without another byte.
        """
