"""The packaged tools of the construct: all of them switched on, and which of them pins what."""

from __future__ import annotations

from typing import Any

from scripts.local_aws.processes.child import REPOSITORY

TOOLS = REPOSITORY / "lambda_src" / "research_tools"


def every_tool() -> dict[str, Any]:
    """Keywords of the construct that switch every box on; where the tools would lead to does not matter."""
    from infra.durable_agent_pipeline import Documents, KnowledgeBase, Mcp, McpServer, Pages, Postgres, WebSearch

    return {
        "documents": Documents(folder=REPOSITORY / "docs" / "decisions"),
        "pages": Pages(domains=["example.org"]),
        "web_search": WebSearch(region="us-east-1"),
        "knowledge_base": KnowledgeBase(knowledge_base_id="ABCDEFGHIJ"),
        "database": Postgres(host="db.example.org", database="shop", user="reader", resource_id="cluster-ABC"),
        "mcp": Mcp(servers={"wiki": McpServer(url="https://mcp.example.org/mcp", tools=["search"])}),
    }


def pinned_by_tools() -> dict[str, tuple[str, ...]]:
    """Name of a distribution -> the boxes whose requirements.txt pins it. What only MCP keeps is pinned by none."""
    boxes: dict[str, tuple[str, ...]] = {}
    for file in sorted(TOOLS.glob("*/requirements.txt")):
        for line in file.read_text(encoding="utf-8").splitlines():
            name, pinned, _ = line.partition("==")
            if pinned and not line.startswith("#"):
                boxes[name.lower()] = (*boxes.get(name.lower(), ()), file.parent.name)
    return boxes
