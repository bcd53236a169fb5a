"""The tools that MCP servers list for an agent: asked for once in its run, the same on every replay."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.exceptions import StepError

from agent_workflow.agents import AgentSpec
from agent_workflow.toolboxes import TOOLBOXES
from agent_workflow.tools import ToolsNotFound
from durable_strands import durable_mcp_list

BOX = "mcp"

Listed = Callable[[], list[Any]]
"""Gives tools; it imports what they need, so a run that has finished before never calls it."""


def no_more() -> list[Any]:
    """No tools of servers."""
    return []


@contextmanager
def listed_tools(
    context: DurableContext, agent: AgentSpec, boxes: Mapping[str, Any], folder: Path, operation: str
) -> Iterator[Listed]:
    """The tools of servers that an agent has, connected to when one is really called.

    Each server is asked in a step `<operation>-mcp-<server>`, whose result is the list of its tools.

    Raises:
        ToolsNotFound: a server could not be asked.
    """
    settings = boxes.get(BOX)
    wanted = [name for name in agent.tools if settings and name in settings.tools]
    if settings is None or not wanted:
        yield no_more
        return
    module = importlib.import_module(TOOLBOXES[BOX].module)
    with ExitStack() as open_servers:
        lists: dict[str, Listed] = {}
        for name, server in settings.servers.items():
            if any(wanted_tool.startswith(f"{name}_") for wanted_tool in wanted):
                build = partial(module.client_of, name, server, folder)
                try:
                    asked = durable_mcp_list(context, build, name=f"{operation}-mcp-{name}")
                    lists[name] = open_servers.enter_context(asked)
                except StepError as error:
                    raise ToolsNotFound(
                        f"[tools.mcp.servers.{name}] must be a server that answers, got none"
                    ) from error
        yield partial(_made, module, lists, wanted)


def _made(module: Any, lists: Mapping[str, Listed], wanted: list[str]) -> list[Any]:
    found = {tool.tool_name: module.reading(tool, name) for name, tools in lists.items() for tool in tools()}
    if missing := [name for name in wanted if name not in found]:
        raise ToolsNotFound(f"every tool of [tools.mcp] must be one that its server lists, got {missing[0]!r}")
    return [found[name] for name in wanted]
