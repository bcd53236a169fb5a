"""The tools of an MCP server, listed once per execution."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from durable_strands.retries import RetryStrategy, retry_any

if TYPE_CHECKING:
    from aws_durable_execution_sdk_python import DurableContext
    from strands.tools.mcp import MCPClient


@contextmanager
def durable_mcp_tools(
    context: DurableContext, build_client: Callable[[], MCPClient], *, name: str, retry: RetryStrategy | None = None
) -> Iterator[list[Any]]:
    """List an MCP server's tools in a step, for the agents that run inside the `with`.

    The server is asked for its list once per execution. A replay reads the list from the checkpoint and does not
    connect; the first call that is really made does. So a server that lists other tools later changes nothing, and one
    that is gone does no harm to calls that have finished.

    Args:
        context: The durable context.
        build_client: Builds the client, not started, with its prefix and filters.
        name: Name of the step, unique and static in `context`.
        retry: Strategy of the step. Default: `retry_any()`.

    Yields:
        The tools, for `Agent(tools=...)`. The connection is closed at the end of the `with`.

    Raises:
        StepError: The server could not be asked, as often as `retry` allows.
    """
    with durable_mcp_list(context, build_client, name=name, retry=retry) as tools:
        yield tools()


@contextmanager
def durable_mcp_list(
    context: DurableContext, build_client: Callable[[], MCPClient], *, name: str, retry: RetryStrategy | None = None
) -> Iterator[Callable[[], list[Any]]]:
    """As `durable_mcp_tools`, for `run`: the tools are made when they are asked for, which a finished run never does.

    Yields:
        A function that gives the tools; it imports Strands and mcp.

    Raises:
        StepError: The server could not be asked, as often as `retry` allows.
    """
    from aws_durable_execution_sdk_python.config import StepConfig

    server = _Server(build_client)
    try:
        config = StepConfig(retry_strategy=retry or retry_any())
        listed = context.step(lambda _: server.listed(), name=name, config=config)
        yield lambda: [_tool(server, kept) for kept in listed]
    finally:
        server.stop()


class _Server:
    """A client that connects when it is needed."""

    def __init__(self, build_client: Callable[[], MCPClient]) -> None:
        self._build = build_client
        self._lock = threading.Lock()
        self._client: MCPClient | None = None

    def client(self) -> MCPClient:
        """The client, connected."""
        with self._lock:
            if self._client is None:
                self._client = self._build().start()
            return self._client

    def listed(self) -> list[dict[str, Any]]:
        """All tools of the server, as JSON."""
        client, found, token = self.client(), list[Any](), None
        while True:
            page = client.list_tools_sync(token)
            found.extend(page)
            if (token := page.pagination_token) is None:
                break
        return [
            {"name": tool.tool_name, "tool": tool.mcp_tool.model_dump(mode="json", by_alias=True)} for tool in found
        ]

    def stop(self) -> None:
        """Close the connection, if there is one."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.stop(None, None, None)


def _tool(server: _Server, kept: dict[str, Any]) -> Any:
    from mcp.types import Tool
    from strands.tools.mcp.mcp_agent_tool import MCPAgentTool

    class ListedTool(MCPAgentTool):
        """A tool from the kept list; its call connects."""

        async def stream(self, tool_use: Any, invocation_state: dict[str, Any], **kwargs: Any) -> Any:
            self.mcp_client = await asyncio.to_thread(server.client)
            async for event in super().stream(tool_use, invocation_state, **kwargs):
                yield event

    nobody: Any = None
    return ListedTool(Tool.model_validate(kept["tool"]), nobody, name_override=kept["name"])
