"""An MCP server over stdio with one tool, whose calls the lab sees."""

from __future__ import annotations

from pathlib import Path

from mcp.server import MCPServer
from texts import WIKI  # type: ignore[import-not-found]  # beside this file, in no package
from witness import Witness  # type: ignore[import-not-found]

server = MCPServer("wiki")


@server.tool()
def look_up(word: str) -> str:
    """Look a word up."""
    Witness(Path(__file__).resolve().parents[1]).saw(f"wiki_look_up:{word}")
    return str(WIKI)


if __name__ == "__main__":
    server.run("stdio")
