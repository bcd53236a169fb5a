"""Tools that may themselves wait durably: for a person, a timer, another function."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any


def durable_tool(function: Callable[..., Any]) -> Any:
    """Make a Strands tool of `function(context, ...)`; it runs with a `DurableContext` of its own.

    The function runs on the handler's thread in a child context named `tool-<n>-<name>`. It may use every durable
    operation (`wait_for_callback`, `wait`, `step`, `invoke`): the whole Lambda suspends inside the agent's loop and
    resumes there. Its first parameter is the context and is not shown to the model. Whatever is not deterministic
    belongs into `context.step`.

    Args:
        function: A function with a docstring; returns a string or a JSON value.

    Raises:
        TypeError: `function` has no first parameter for the context.
    """
    from strands import tool

    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    if not parameters:
        raise TypeError(f"durable_tool: {function.__name__} must take the durable context first, got no parameter")

    @functools.wraps(function)
    def outside(**_arguments: Any) -> str:
        raise RuntimeError(f"{function.__name__} waits durably; run its agent with durable_strands")

    outside.__signature__ = signature.replace(parameters=parameters[1:])  # type: ignore[attr-defined]
    outside.__annotations__ = {k: v for k, v in function.__annotations__.items() if k != parameters[0].name}
    made = tool(outside)
    made.durable_function = function  # type: ignore[attr-defined]
    return made


def is_tool(value: Any) -> bool:
    """Whether Strands' registry takes `value`; any other it drops with a warning, and the agent runs without it."""
    from strands.agent import AgentBase
    from strands.tools import ToolProvider
    from strands.types.tools import AgentTool

    if isinstance(value, list | tuple | set):
        return bool(value) and all(map(is_tool, value))
    kinds = isinstance(value, AgentTool | ToolProvider | ModuleType | str)
    return kinds or (isinstance(value, AgentBase) and hasattr(value, "as_tool"))


def durable_agent_tool(agent: Any, *, name: str | None = None, description: str | None = None, **choices: Any) -> Any:
    """Make a tool of `agent`, every model and tool call of which is a checkpoint of its own.

    It runs in a child context `tool-<n>-<name>` of the agent that calls it, with that run's retries, observer, ledger
    and budget. `agent.as_tool()`, or the agent itself in `tools=[...]`, is the same.

    Args:
        agent: A plain `strands.Agent`.
        name: The tool's name. Default: the agent's.
        description: What the model is told. Default: the agent's.
        **choices: As for `Agent.as_tool`, such as `preserve_context` or `delegate`.
    """
    return agent.as_tool(name=name, description=description, **choices)
