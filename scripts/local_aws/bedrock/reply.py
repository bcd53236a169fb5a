"""Shapes the pieces of a reply into Converse's answer: event by event, or as one whole message."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from scripts.local_aws.bedrock.pieces import Begin, End, Piece, Reasoning, Text, ToolInput, ToolStart
from scripts.local_aws.bedrock.wire import AwsError

Event = tuple[str, dict[str, Any]]


class StreamedReply:
    """Turns pieces into ConverseStream's events; as on Bedrock, only tool blocks have a contentBlockStart."""

    def __init__(self) -> None:
        self._index = 0
        self._open: type[Reasoning | Text | ToolInput] | None = None

    def events(self, piece: Piece, latency_ms: int) -> Iterator[Event]:
        """The events `piece` gives rise to, in order."""
        match piece:
            case Begin():
                yield "messageStart", {"role": "assistant"}
            case Reasoning():
                yield self._delta({"reasoningContent": {"text": piece.text}})
                yield self._delta({"reasoningContent": {"signature": piece.signature}})
                self._open = Reasoning
                yield from self._close()
            case Text():
                yield from self._switch(Text)
                yield self._delta({"text": piece.text})
            case ToolStart():
                yield from self._close()
                self._open = ToolInput
                start = {"toolUse": {"toolUseId": piece.tool_use_id, "name": piece.name}}
                yield "contentBlockStart", {"start": start, "contentBlockIndex": self._index}
            case ToolInput():
                yield self._delta({"toolUse": {"input": piece.json_text}})
            case End():
                yield from self._close()
                yield "messageStop", {"stopReason": piece.stop_reason}
                yield "metadata", {"usage": piece.usage.wire(), "metrics": {"latencyMs": latency_ms}}

    def _switch(self, kind: type[Text]) -> Iterator[Event]:
        if self._open is not kind:
            yield from self._close()
            self._open = kind

    def _close(self) -> Iterator[Event]:
        if self._open is not None:
            yield "contentBlockStop", {"contentBlockIndex": self._index}
            self._index += 1
            self._open = None

    def _delta(self, delta: dict[str, Any]) -> Event:
        return "contentBlockDelta", {"delta": delta, "contentBlockIndex": self._index}


def whole_reply(pieces: Iterable[Piece], latency_ms: int) -> dict[str, Any]:
    """Converse's answer made of all pieces of a reply.

    Raises:
        AwsError: ModelErrorException when the model wrote a tool input that is not JSON.
    """
    blocks: list[dict[str, Any]] = []
    reply: dict[str, Any] = {"output": {"message": {"role": "assistant", "content": blocks}}}
    for piece in pieces:
        match piece:
            case Reasoning():
                thought = {"text": piece.text, "signature": piece.signature}
                blocks.append({"reasoningContent": {"reasoningText": thought}})
            case Text():
                if not blocks or "text" not in blocks[-1]:
                    blocks.append({"text": ""})
                blocks[-1]["text"] += piece.text
            case ToolStart():
                blocks.append({"toolUse": {"toolUseId": piece.tool_use_id, "name": piece.name, "input": ""}})
            case ToolInput():
                blocks[-1]["toolUse"]["input"] += piece.json_text
            case End():
                reply |= {"stopReason": piece.stop_reason, "usage": piece.usage.wire()}
    for block in blocks:
        if "toolUse" in block:
            block["toolUse"]["input"] = _parsed(block["toolUse"]["input"])
    return reply | {"metrics": {"latencyMs": latency_ms}}


def _parsed(json_text: str) -> Any:
    try:
        return json.loads(json_text or "{}")
    except ValueError:
        raise AwsError("ModelErrorException", "The model wrote a tool input that is not JSON.") from None
