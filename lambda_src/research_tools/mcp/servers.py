"""Servers of the Model Context Protocol: how each is connected to, and what they answer as readings."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from research_tools.reading import Reading, result_of

if TYPE_CHECKING:
    from strands.tools.mcp import MCPClient

STARTUP_SECONDS = 20


def client_of(name: str, server: Any, folder: Path) -> MCPClient:
    """A client that is not connected yet; its tools have the server's name before theirs.

    Args:
        name: of the server.
        server: its settings.
        folder: in which a command is started. It sees neither the function's credentials nor its other variables.
    """
    from strands.tools.mcp import MCPClient

    allowed: Any = {"tool_filters": {"allowed": list(server.tools)}, "prefix": name, "startup_timeout": STARTUP_SECONDS}
    if server.url is not None:
        return MCPClient(url=server.url, headers=_headers(server.secret_arn), **allowed)
    from mcp import StdioServerParameters, stdio_client

    program, *arguments = server.command
    paths = os.pathsep.join(path for path in sys.path if path)
    parameters = StdioServerParameters(command=program, args=arguments, cwd=str(folder), env={"PYTHONPATH": paths})
    transport: Any = lambda: stdio_client(parameters)  # noqa: E731 - Strands' type is that of another release of mcp
    return MCPClient(transport, **allowed)


def reading(tool: Any, server: str) -> Any:
    """The same tool, whose texts reach the model as data and become sources."""
    from strands.types._events import ToolResultEvent

    class ReadingTool(type(tool)):  # type: ignore[misc]
        """A tool of a server, read as strangers' text."""

        reads_sources = True

        async def stream(self, tool_use: Any, invocation_state: dict[str, Any], **kwargs: Any) -> Any:
            async for event in super().stream(tool_use, invocation_state, **kwargs):
                result = event.tool_result if isinstance(event, ToolResultEvent) else None
                if result is not None and result["status"] == "success":
                    read = readings(result, server, self.tool_name, tool_use["input"])
                    as_data: Any = {"toolUseId": result["toolUseId"], **result_of(read)}
                    event = ToolResultEvent(as_data)  # noqa: PLW2901 - in place of the server's own
                yield event

    tool.__class__ = ReadingTool
    return tool


def readings(result: Any, server: str, name: str, arguments: Any) -> list[Reading]:
    """One reading for each text of a result; an address of its own for each call."""
    call = hashlib.sha256(json.dumps(arguments, sort_keys=True).encode()).hexdigest()[:12]
    texts = [str(block["text"]) for block in result["content"] if block.get("text")]
    return [Reading(f"{name} ({number})", f"mcp:{server}/{name}#{call}", text) for number, text in enumerate(texts, 1)]


def _headers(secret_arn: str | None) -> dict[str, str] | None:
    if secret_arn is None:
        return None
    import boto3

    token = boto3.client("secretsmanager").get_secret_value(SecretId=secret_arn)["SecretString"]
    return {"Authorization": f"Bearer {token}"}
