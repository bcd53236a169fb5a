"""A tiny MCP server over stdio that writes each call into a file."""

import sys
from pathlib import Path

from mcp.server import MCPServer

server = MCPServer("lab")


@server.tool()
def look_up(word: str) -> str:
    """Look a word up."""
    with Path(sys.argv[1]).open("a") as file:
        file.write(word + "\n")
    return f"{word} means {word}"


if __name__ == "__main__":
    server.run("stdio")
