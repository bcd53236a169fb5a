"""Reads a Converse request as Bedrock would: what is asked, by which agent, in which turn."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scripts.local_aws.bedrock.wire import AwsError


@dataclass(frozen=True)
class ConverseRequest:
    """One Converse or ConverseStream request; `turn` is 1 for the first model call of a conversation."""

    model_id: str
    streaming: bool
    agent: str
    turn: int
    system: str
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    tool_choice: dict[str, Any]
    inference: dict[str, Any]
    body: dict[str, Any] = field(default_factory=dict, repr=False)
    """The whole request as it came."""

    def text(self) -> str:
        """All the text of the conversation, without the system prompt."""
        return "\n".join(_texts(self.messages))

    def words(self) -> int:
        """Words of all the text sent, a stand-in for tokens where no tokenizer is at hand."""
        return len(self.system.split()) + sum(len(text.split()) for text in _texts(self.messages))


def decode_body(body: bytes) -> dict[str, Any]:
    """The request body as an object.

    Raises:
        AwsError: ValidationException when it is not a JSON object.
    """
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        raise AwsError("ValidationException", "Malformed input request, please reformat your input.") from None
    if not isinstance(document, dict):
        raise AwsError("ValidationException", "Malformed input request, expected a JSON object.")
    return document


def read_request(model_id: str, body: dict[str, Any], *, streaming: bool) -> ConverseRequest:
    """The request behind `body`, not yet checked; see `check`."""
    messages = [message for message in body.get("messages") or [] if isinstance(message, dict)]
    tool_config = body.get("toolConfig") or {}
    return ConverseRequest(
        model_id=model_id,
        streaming=streaming,
        agent=str((body.get("requestMetadata") or {}).get("agent", "unknown")),
        turn=sum(message.get("role") == "assistant" for message in messages) + 1,
        system="\n\n".join(block["text"] for block in body.get("system") or [] if "text" in block),
        messages=messages,
        tools=[tool["toolSpec"] for tool in tool_config.get("tools") or [] if "toolSpec" in tool],
        tool_choice=tool_config.get("toolChoice") or {},
        inference=body.get("inferenceConfig") or {},
        body=body,
    )


def check(request: ConverseRequest) -> None:
    """Refuse what Bedrock refuses, so that a broken conversation does not pass here and fail on AWS.

    Raises:
        AwsError: ValidationException with Bedrock's wording.
    """
    roles = [message.get("role") for message in request.messages]
    if not roles:
        raise _invalid("The messages field is required: a conversation must start with a user message.")
    if roles[0] != "user":
        raise _invalid("A conversation must start with a user message. Try again with a conversation that does.")
    if roles[-1] != "user":
        raise _invalid("This model does not support assistant message prefill. End with a user message.")
    for index, message in enumerate(request.messages):
        _check_content(index, message.get("content"))
    _check_tool_pairs(request.messages)


def _check_content(index: int, content: Any) -> None:
    if not isinstance(content, list) or not content:
        raise _invalid(f"The content field in the Message object at messages.{index} is empty.")
    for position, block in enumerate(content):
        if "text" in block and not str(block["text"]).strip():
            where = f"messages.{index}.content.{position}"
            raise _invalid(f"The text field in the ContentBlock object at {where} is blank.")


def _check_tool_pairs(messages: list[dict[str, Any]]) -> None:
    asked: set[str] = set()
    for index, message in enumerate(messages):
        answered = _ids(message, "toolResult")
        if missing := asked - answered:
            wanted = ", ".join(sorted(missing))
            raise _invalid(f"Expected toolResult blocks at messages.{index}.content for the following Ids: {wanted}")
        if answered - asked:
            raise _invalid(
                f"The number of toolResult blocks at messages.{index}.content "
                "exceeds the number of toolUse blocks of previous turn."
            )
        asked = _ids(message, "toolUse")


def _ids(message: dict[str, Any], kind: str) -> set[str]:
    return {block[kind]["toolUseId"] for block in message["content"] if kind in block}


def _texts(messages: list[dict[str, Any]]) -> Iterator[str]:
    for message in messages:
        for block in message["content"]:
            yield from texts(block)


def texts(block: dict[str, Any]) -> Iterator[str]:
    """The texts in one block; a tool's description, an image and reasoning have none here."""
    if "text" in block:
        yield block["text"]
    elif "toolUse" in block:
        yield json.dumps(block["toolUse"].get("input"))
    elif "toolResult" in block:
        yield from (str(part.get("text", part.get("json", ""))) for part in block["toolResult"]["content"])


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
