"""The choices of `run_agent` as keyword arguments, for type checkers; a test keeps them equal to those of `run`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from aws_durable_execution_sdk_python.serdes import SerDes

from durable_strands.observer import Observer
from durable_strands.options import Limits, ToolOptions
from durable_strands.retries import RetryStrategy

if TYPE_CHECKING:
    from pydantic import BaseModel


class TeamChoices(TypedDict, total=False):
    """Of a graph or a swarm; documented at `run` and `teams.run_team`."""

    retry: RetryStrategy | None
    tools: Mapping[str, ToolOptions] | None
    limits: Limits | None
    observer: Observer | None
    serdes: SerDes[Any] | None
    max_parallel_tools: int
    deadline_margin_seconds: float
    usual_seconds: float
    tokens_per_minute: Mapping[str, float | str]
    invocation_state: dict[str, Any] | None
    interrupts: Callable[[str, Any], Any] | None


class Choices(TeamChoices, total=False):
    """Of an agent; documented at `run`."""

    structured_output_model: type[BaseModel] | None
