"""Servers of the Model Context Protocol whose tools agents have, as the construct's keyword `mcp`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from .secrets import accept_secret, read_secret
from .tool_choice import ToolChoice


@dataclass(frozen=True, kw_only=True)
class McpServer:
    """One server, over streamable HTTP (`url`) or stdio (`command`)."""

    tools: Sequence[str]
    """Tools that agents may have, by the server's own names. Name only such as have no effect on anything."""

    url: str | None = None
    """Its address, https. Default: none, `command` starts it."""

    command: Sequence[str] = ()
    """Program and arguments, started in the agents folder without the function's credentials. Default: none."""

    secret: secretsmanager.ISecret | None = None
    """Secret whose text is the bearer token for `url`. Default: none is sent."""


@dataclass(frozen=True, kw_only=True)
class Mcp(ToolChoice):
    """Tools of servers; an agent has each as `SERVER_TOOL`; docs/tools.md."""

    servers: Mapping[str, McpServer]
    """Name of a server, a word of small letters and digits -> the server."""

    @property
    def box(self) -> str:
        """Name of its row in the Lambda's toolboxes.py."""
        return "mcp"

    def settings(self, stack: Stack) -> dict[str, Any]:
        """How each is reached."""
        del stack
        return {"servers": {name: _settings(server) for name, server in self.servers.items()}}

    def statements(self, stack: Stack) -> list[iam.PolicyStatement]:
        """Reading the tokens."""
        del stack
        return [statement for server in self.servers.values() for statement in read_secret(server.secret)]

    def accept(self, role: iam.IRole) -> None:
        """What reading the tokens needs besides."""
        for server in self.servers.values():
            accept_secret(role, server.secret)


def _settings(server: McpServer) -> dict[str, Any]:
    chosen = {
        "url": server.url,
        "command": list(server.command),
        "secret_arn": server.secret.secret_arn if server.secret else None,
    }
    chosen = {name: value for name, value in chosen.items() if value}
    return {"tools": list(server.tools), "reads_only": True, **chosen}
