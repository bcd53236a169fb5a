"""A tiny MCP server over stdio that writes its start and each call into a file."""

import sys
from pathlib import Path

from mcp.server import MCPServer

server = MCPServer("lab")


LOG = Path(sys.argv[1])


def write(line: str) -> None:
    """Write a line into the file."""
    with LOG.open("a") as file:
        file.write(line + "\n")


@server.tool()
def look_up(word: str) -> str:
    """Look a word up."""
    write(word)
    return f"{word} means {word}"


if sys.argv[2:] == ["other"]:
    server.remove_tool("look_up")
    server.add_tool(lambda text: text, name="other", description="Something else.")


if __name__ == "__main__":
    write("started")
    server.run("stdio")
