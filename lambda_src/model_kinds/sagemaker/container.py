"""A model in a container of a SageMaker endpoint: asked once, its stream read strictly."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import cache
from typing import Any

from botocore.exceptions import ClientError
from strands.models._openai_errors import classify_openai_error
from strands.models.sagemaker import SageMakerAIModel
from strands.types.exceptions import ContextWindowOverflowException

from agent_workflow.agents import AgentSpec
from agent_workflow.model import client_config, session
from agent_workflow.model_tables import SageMakerTable, name_of
from agent_workflow.settings import Settings
from durable_strands.errors import ModelNotFound, ModelStreamBroken
from model_kinds.openai.usage import apart
from model_kinds.sagemaker.lines import readable

_STREAMED = "after-call.sagemaker-runtime.InvokeEndpointWithResponseStream"


class ContainerModel(SageMakerAIModel):
    """Strands' model under the id by which the ledger knows it, where it passes over what went wrong made strict."""

    def __init__(self, ledger_id: str, **choices: Any) -> None:
        super().__init__(**choices)
        self._id = ledger_id
        self.client.meta.events.register(_STREAMED, _read_by_lines)

    def get_config(self) -> Any:
        """The configuration with the model's id, which Strands has no place for."""
        return {**super().get_config(), "model_id": self._id}

    @classmethod
    def format_request_messages(cls, *arguments: Any, **named: Any) -> list[dict[str, Any]]:
        """The messages, texts as one text: of several blocks Strands would send the first."""
        return [_as_one_text(message) for message in super().format_request_messages(*arguments, **named)]

    def format_chunk(self, event: dict[str, Any], **kwargs: Any) -> Any:
        """A chunk of the stream; an end without a reason is none, though Strands would take it for `end_turn`.

        Raises:
            ModelStreamBroken: the container stopped in the middle of its reply.
        """
        if event["chunk_type"] == "message_stop" and not event["data"]:
            raise ModelStreamBroken("the container's stream ended before its reply did")
        return apart(super().format_chunk(event, **kwargs))

    async def stream(self, *arguments: Any, **named: Any) -> AsyncGenerator[Any, None]:
        """The reply.

        Raises:
            ContextWindowOverflowException: the container says that the input is too long.
            ModelNotFound: there is no such endpoint, or it is out of service.
        """
        try:
            async for chunk in super().stream(*arguments, **named):
                yield chunk
        except ClientError as error:
            if classify_openai_error(error) == "context_overflow":  # which Strands looks for in OpenAI's errors only
                raise ContextWindowOverflowException(f"the input is too long for {self._id}") from error
            # the request names nothing but the endpoint, and the container judges the rest
            if error.response["Error"]["Code"] in {"ValidationError", "ValidationException"}:
                raise ModelNotFound(f"the endpoint of {self._id} is not there or not in service") from error
            raise


def build(agent: AgentSpec, settings: Settings) -> SageMakerAIModel:
    """The agent's model, one per process: its client keeps connections open."""
    timeouts = settings.connect_timeout_seconds, settings.read_timeout_seconds
    return _model(agent.model, agent.endpoint, agent.max_tokens, agent.temperature, settings.streaming, timeouts)


@cache
def _model(  # noqa: PLR0917 - a key of the cache
    model_id: str,
    table: SageMakerTable,
    max_tokens: int,
    temperature: float | None,
    streaming: bool,
    timeouts: tuple[float, float],
) -> SageMakerAIModel:
    asked: dict[str, Any] = {"max_tokens": max_tokens, "stream": streaming}
    more: dict[str, Any] = {"stream_options": {"include_usage": True}} if streaming else {}
    if temperature is not None:
        asked["temperature"] = temperature
    if table.model is not None:
        more["model"] = table.model
    endpoint: dict[str, Any] = {"endpoint_name": name_of(model_id)}
    if table.inference_component is not None:
        endpoint["inference_component_name"] = table.inference_component
    return ContainerModel(
        model_id,
        endpoint_config=endpoint,
        payload_config={**asked, "additional_args": more},
        boto_session=session(),
        boto_client_config=client_config(*timeouts),
    )


def _as_one_text(message: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    if isinstance(content, list) and content and all(block.get("type") == "text" for block in content):
        return {**message, "content": "\n\n".join(block["text"] for block in content)}
    return message


def _read_by_lines(parsed: dict[str, Any], **_: Any) -> None:
    """Called by botocore with the answer before Strands gets it."""
    if "Body" in parsed:
        parsed["Body"] = readable(parsed["Body"])
