"""Translates between Converse and the OpenAI chat API that llama.cpp and most local servers speak."""

import json
from collections.abc import Iterator
from typing import Any

from scripts.local_aws.bedrock.converse import ConverseRequest
from scripts.local_aws.bedrock.pieces import Begin, End, Piece, Text, ToolInput, ToolStart, Usage
from scripts.local_aws.bedrock.wire import AwsError

_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "content_filtered",
}
_INFERENCE = {"maxTokens": "max_tokens", "temperature": "temperature", "topP": "top_p", "stopSequences": "stop"}
_IGNORED_BLOCKS = {"cachePoint", "reasoningContent"}


def chat_body(request: ConverseRequest) -> dict[str, Any]:
    """The streaming chat request that asks the same.

    Raises:
        AwsError: ValidationException for content this API is not given here, such as images.
    """
    system = [{"role": "system", "content": request.system}] if request.system else []
    body: dict[str, Any] = {
        "messages": system + [chat for message in request.messages for chat in _chat_messages(message)],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    body |= {name: request.inference[key] for key, name in _INFERENCE.items() if key in request.inference}
    if request.tools:
        body["tools"] = [{"type": "function", "function": _function(tool)} for tool in request.tools]
        body["tool_choice"] = _tool_choice(request.tool_choice)
    return body


class ChatReply:
    """Turns the chunks of a streamed chat completion into the pieces of a reply.

    `cached_apart`: count cached prompt tokens as cache reads, as Bedrock does. Default: all are input tokens.
    A model's separate reasoning text is left out of the reply, as its tokens are not.
    """

    def __init__(self, request: ConverseRequest, *, cached_apart: bool = False) -> None:
        self._request = request
        self._cached_apart = cached_apart
        self._begun = False
        self._tokens = 0
        self._tool: int | None = None
        self._finish: str | None = None
        self._usage: dict[str, Any] | None = None

    def pieces(self, chunk: dict[str, Any]) -> Iterator[Piece]:
        """The pieces `chunk` adds.

        Raises:
            AwsError: ModelStreamErrorException when tool calls come interleaved, which Converse cannot express.
        """
        if not self._begun:
            self._begun = True
            timings = chunk.get("timings") or {}
            yield Begin(timings.get("prompt_n", 0) + timings.get("cache_n", 0))
        self._usage = chunk.get("usage") or self._usage
        for choice in chunk.get("choices") or []:
            delta = choice.get("delta") or {}
            if delta.get("content"):
                self._tokens += 1
                yield Text(delta["content"], self._tokens)
            for call in delta.get("tool_calls") or []:
                yield from self._tool_pieces(call)
            self._finish = choice.get("finish_reason") or self._finish

    def end(self) -> End:
        """The last piece, once no chunk follows.

        Raises:
            AwsError: ModelStreamErrorException when the stream ended without a finish reason.
        """
        if self._finish is None:
            raise AwsError("ModelStreamErrorException", "The model's server ended its reply in the middle.")
        # some servers say "stop" after a tool call
        stop_reason = "tool_use" if self._tool is not None else _STOP_REASONS.get(self._finish, "end_turn")
        if self._finish == "length":
            stop_reason = "max_tokens"
        return End(stop_reason, self._counted())

    def _tool_pieces(self, call: dict[str, Any]) -> Iterator[Piece]:
        index, function = call.get("index", 0), call.get("function") or {}
        if self._tool is None or index > self._tool:
            self._tool = index
            yield ToolStart(call.get("id") or f"tooluse_{self._request.turn}_{index}", function.get("name", ""))
        elif index < self._tool:
            raise AwsError("ModelStreamErrorException", "The model's server mixed up its tool calls.")
        if function.get("arguments"):
            self._tokens += 1
            yield ToolInput(function["arguments"], self._tokens)

    def _counted(self) -> Usage:
        """The server's own counts; where it keeps none, words of the prompt and chunks of the reply."""
        if self._usage is None:
            return Usage(self._request.words(), self._tokens)
        prompt, written = self._usage.get("prompt_tokens", 0), self._usage.get("completion_tokens", 0)
        cached = (self._usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        if not self._cached_apart or not cached:
            return Usage(prompt, written)
        return Usage(prompt - cached, written, cache_read_tokens=cached)


def _chat_messages(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    for block in message["content"]:
        if "text" in block:
            texts.append(block["text"])
        elif "toolUse" in block:
            calls.append(_tool_call(block["toolUse"]))
        elif "toolResult" in block:
            yield _tool_message(block["toolResult"])
        elif unknown := set(block) - _IGNORED_BLOCKS:
            raise _no_such_content(unknown)
    if texts or calls:
        chat: dict[str, Any] = {"role": message["role"], "content": "\n\n".join(texts) or None}
        yield chat | ({"tool_calls": calls} if calls else {})


def _tool_call(tool_use: dict[str, Any]) -> dict[str, Any]:
    function = {"name": tool_use["name"], "arguments": json.dumps(tool_use.get("input") or {})}
    return {"id": tool_use["toolUseId"], "type": "function", "function": function}


def _tool_message(result: dict[str, Any]) -> dict[str, Any]:
    parts = [part["text"] if "text" in part else json.dumps(_json_part(part)) for part in result.get("content") or []]
    return {"role": "tool", "tool_call_id": result["toolUseId"], "content": "\n\n".join(parts)}


def _json_part(part: dict[str, Any]) -> Any:
    if "json" not in part:
        raise _no_such_content(set(part))
    return part["json"]


def _function(tool: dict[str, Any]) -> dict[str, Any]:
    schema = (tool.get("inputSchema") or {}).get("json") or {"type": "object", "properties": {}}
    return {"name": tool["name"], "description": tool.get("description", ""), "parameters": schema}


def _tool_choice(choice: dict[str, Any]) -> Any:
    if "tool" in choice:
        return {"type": "function", "function": {"name": choice["tool"]["name"]}}
    return "required" if "any" in choice else "auto"


def _no_such_content(kinds: set[str]) -> AwsError:
    return AwsError("ValidationException", f"This model doesn't support the {min(kinds)} content block.")
