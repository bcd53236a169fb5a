"""The client of the durable engine: patient, because a reply whose checkpoint is not written is bought again."""

from __future__ import annotations

from functools import cached_property
from typing import Any

MOST_ATTEMPTS = 8
"""Tries of one request to the engine. Between them lie 36 seconds on average, 71 at most (standard mode: random up to
1, 2, 4, 8, 16, 20, 20 seconds), paid as Lambda time: at 512 MB 0.0005 USD, where a model's reply costs cents."""


class EngineClient:
    """What the durable SDK asks of a Lambda client, made when it is first used."""

    def checkpoint_durable_execution(self, **request: Any) -> Any:
        """As boto3's."""
        return self._client.checkpoint_durable_execution(**request)

    def get_durable_execution_state(self, **request: Any) -> Any:
        """As boto3's."""
        return self._client.get_durable_execution_state(**request)

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        retries: Any = {"mode": "standard", "total_max_attempts": MOST_ATTEMPTS}
        # the timeouts are those of the SDK's own client
        return boto3.client("lambda", config=Config(connect_timeout=5, read_timeout=50, retries=retries))


def engine_client() -> Any:
    """An `EngineClient` in the place of boto3's, whose other methods the SDK never calls."""
    return EngineClient()
