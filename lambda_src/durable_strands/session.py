"""Ties a run to its agent: Strands' stages find the run, and the agent is left as it was found."""

from __future__ import annotations

import copy
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from strands import Agent
from strands.middleware import ExecuteToolContext, ExecuteToolStage, InvokeModelContext, InvokeModelStage

from durable_strands.errors import UnsafeAgent
from durable_strands.executor import DurableToolExecutor
from durable_strands.live import LiveRun
from durable_strands.model_calls import ModelCalls
from durable_strands.safety import make_safe
from durable_strands.tool_calls import ToolCalls


@dataclass
class _Calls:
    model: ModelCalls
    tool: ToolCalls


# An agent's middleware cannot be taken off again, so it is put on once and looks here for the run it belongs to.
_current: WeakKeyDictionary[Any, _Calls | None] = WeakKeyDictionary()


@contextmanager
def session(agent: Agent, run: LiveRun) -> Iterator[None]:
    """Make `agent`'s calls those of `run`. A pass that is cut off leaves the agent's conversation untouched."""
    make_safe(agent)
    if _current.get(agent) is not None:
        raise UnsafeAgent(f"agent {agent.name!r} is running already; build one per branch")
    if agent not in _current:
        agent.add_middleware(InvokeModelStage, _model_stage)
        agent.add_middleware(ExecuteToolStage, _tool_stage)
    calls = _Calls(ModelCalls(run), ToolCalls(run))
    executor, messages = agent.tool_executor, copy.deepcopy(agent.messages)
    _current[agent], agent.tool_executor = calls, DurableToolExecutor(calls.tool)
    try:
        yield
    except BaseException:
        agent.messages[:] = messages
        raise
    finally:
        _current[agent], agent.tool_executor = None, executor


async def _model_stage(context: InvokeModelContext, next_fn: Any) -> AsyncGenerator[Any, None]:
    calls = _current.get(context.agent)
    async for event in next_fn(context) if calls is None else calls.model.stage(context, next_fn):
        yield event


async def _tool_stage(context: ExecuteToolContext, next_fn: Any) -> AsyncGenerator[Any, None]:
    calls = _current.get(context.agent)
    async for event in next_fn(context) if calls is None else calls.tool.stage(context, next_fn):
        yield event
