"""A model behind an OpenAI-compatible endpoint: asked once, over a connection that leads nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from openai import DefaultAsyncHttpxClient, Timeout
from strands.models.openai import OpenAIModel

from agent_workflow.agents import AgentSpec
from agent_workflow.model_tables import name_of
from agent_workflow.settings import Settings
from durable_strands.errors import ModelUnreachable
from model_kinds.openai.key import key_of
from model_kinds.openai.usage import apart

NO_KEY = "none"
"""Sent where an endpoint asks for no key: OpenAI's client does not do without one."""


class EndpointModel(OpenAIModel):
    """Strands' model under the id by which the ledger knows it."""

    def __init__(self, ledger_id: str, timeout: Timeout, client_args: dict[str, Any], **config: Any) -> None:
        super().__init__(client_args=client_args, **config)
        self._id = ledger_id
        self._timeout = timeout

    def get_config(self) -> Any:
        """The configuration; the model's name at the endpoint is one that other endpoints may have too."""
        return {**super().get_config(), "model_id": self._id}

    def _resolve_client_args(self) -> dict[str, Any]:
        """A client for each call, as Strands has it: a connection belongs to one event loop."""
        client = DefaultAsyncHttpxClient(
            timeout=self._timeout,
            follow_redirects=False,  # what is asked and the key are for this address only
            event_hooks={"response": [self._refuse_a_page]},
        )
        return {**super()._resolve_client_args(), "http_client": client}

    async def _refuse_a_page(self, response: Any) -> None:
        """Refuse what an endpoint never answers, but a portal, a login or a wrong path does."""
        if response.is_redirect:
            raise ModelUnreachable(
                f"the endpoint of {self._id} answered {response.status_code}, a redirection, which is not followed: "
                "base_url must be its own address"
            )
        if response.status_code == HTTPStatus.OK and "html" in response.headers.get("content-type", "").lower():
            raise ModelUnreachable(
                f"the endpoint of {self._id} answered with an HTML page: base_url must lead to its API"
            )
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            key_of.cache_clear()  # a rotated key is read again by the next call

    def format_chunk(self, event: dict[str, Any], **kwargs: Any) -> Any:
        """A chunk of the stream, its tokens as Bedrock counts them."""
        return apart(super().format_chunk(event, **kwargs))


def build(agent: AgentSpec, settings: Settings) -> OpenAIModel:
    """The agent's model. It keeps no connection, so it is built for each run."""
    table = agent.endpoint
    params: dict[str, Any] = {table.limit_by: agent.max_tokens}
    if agent.temperature is not None:
        params["temperature"] = agent.temperature
    connect, read = settings.connect_timeout_seconds, settings.read_timeout_seconds
    key = _key(table.secret_arn, table.secret_field, agent.model) if table.secret_arn else NO_KEY
    return EndpointModel(
        agent.model,
        Timeout(read, connect=connect),
        {"base_url": table.base_url, "api_key": key, "max_retries": 0},
        model_id=table.model or name_of(agent.model),
        params=params,
        stream=settings.streaming,
    )


def _key(secret_arn: str, field: str, model: str) -> Callable[[], Awaitable[str]]:
    async def key() -> str:
        return await asyncio.to_thread(key_of, secret_arn, field, model)

    return key
