"""The client of the durable engine: patient, because a reply whose checkpoint is not written is bought again."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any

from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.exceptions import BotoClientError, InvocationError

from agent_workflow.endings import told

Handler = Callable[[Any, Any], Any]

MOST_ATTEMPTS = 8
"""Tries of one request to the engine. Between them lie 36 seconds on average, 71 at most (standard mode: random up to
1, 2, 4, 8, 16, 20, 20 seconds), paid as Lambda time: at 512 MB 0.0005 USD, where a model's reply costs cents."""
CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS = 5, 50
"""Those of the SDK's own client."""


class EngineUnavailable(InvocationError):
    """The durable engine took no checkpoint, or said nothing of the execution, for as long as the client is patient.

    It ends the invocation, and Lambda calls again; if the engine stays away, the execution ends with this name.
    """


EngineUnavailable.__module__ = "builtins"


def durable(handler: Handler) -> Handler:
    """The handler as a durable one, whose engine is asked patiently and is named when it stays away."""
    execution = durable_execution(handler, boto3_client=engine_client())

    @wraps(handler)
    def invocation(event: Any, context: Any) -> Any:
        try:
            return execution(event, context)
        except BotoClientError as error:
            raise EngineUnavailable(told(error)) from None

    return invocation


class EngineClient:
    """What the durable SDK asks of a Lambda client, made when it is first used."""

    def checkpoint_durable_execution(self, **request: Any) -> Any:
        """As boto3's."""
        return self._asked("checkpoint_durable_execution", request)

    def get_durable_execution_state(self, **request: Any) -> Any:
        """As boto3's."""
        return self._asked("get_durable_execution_state", request)

    def _asked(self, method: str, request: dict[str, Any]) -> Any:
        try:
            return getattr(self._client, method)(**request)
        except Exception as error:
            # botocore's standard mode grants a client 500 tokens for retries, 5 for each and hardly any back after an
            # outage; the next invocation must be as patient as the first
            self.__dict__.pop("_client", None)
            if getattr(error, "response", None) is None:
                # the SDK reads it without asking, and would end the execution over a broken connection
                error.response = {}  # type: ignore[attr-defined]
            raise

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        retries: Any = {"mode": "standard", "total_max_attempts": MOST_ATTEMPTS}
        patient = Config(connect_timeout=CONNECT_TIMEOUT_SECONDS, read_timeout=READ_TIMEOUT_SECONDS, retries=retries)
        return boto3.client("lambda", config=patient)


def engine_client() -> Any:
    """An `EngineClient` in the place of boto3's, whose other methods the SDK never calls."""
    return EngineClient()
