"""Choices of what agents may read: packaged tools, each opt-in, with its permissions and its limits."""

from dataclasses import dataclass
from typing import TypedDict

from ..research_tools.databases import Athena, Postgres
from ..research_tools.documents import Documents
from ..research_tools.knowledge_base import KnowledgeBase
from ..research_tools.mcp import Mcp
from ..research_tools.pages import Pages
from ..research_tools.tool_choice import ToolChoice
from ..research_tools.web_search import WebSearch


@dataclass(frozen=True, kw_only=True)
class ReadingChoices:
    """Packaged tools that agents read by; see docs/tools.md."""

    documents: Documents | None = None
    """Documents that agents search and read, from a folder that ships with the function or a bucket.
    Default: none."""

    pages: Pages | None = None
    """Web pages that agents read, of named domains. Default: none."""

    web_search: WebSearch | None = None
    """The web that agents search, by Amazon Bedrock AgentCore or another engine. Default: none."""

    knowledge_base: KnowledgeBase | None = None
    """Amazon Bedrock knowledge base that agents search. Default: none."""

    database: Postgres | Athena | None = None
    """Database that agents ask by one SELECT at a time. Default: none."""

    mcp: Mcp | None = None
    """Servers of the Model Context Protocol whose reading tools agents have. Default: none."""

    @property
    def tools(self) -> tuple[ToolChoice, ...]:
        """The tools that are switched on by a keyword."""
        given = (getattr(self, name) for name in ReadingChoices.__dataclass_fields__)
        return tuple(choice for choice in given if choice is not None)


# From here on written by scripts/construct_page.py --write: the class above, for type checkers and editors.
class ReadingKeywords(TypedDict, total=False):
    """Packaged tools that agents read by; see docs/tools.md."""

    documents: Documents | None
    """Documents that agents search and read, from a folder that ships with the function or a bucket. Default: none."""

    pages: Pages | None
    """Web pages that agents read, of named domains. Default: none."""

    web_search: WebSearch | None
    """The web that agents search, by Amazon Bedrock AgentCore or another engine. Default: none."""

    knowledge_base: KnowledgeBase | None
    """Amazon Bedrock knowledge base that agents search. Default: none."""

    database: Postgres | Athena | None
    """Database that agents ask by one SELECT at a time. Default: none."""

    mcp: Mcp | None
    """Servers of the Model Context Protocol whose reading tools agents have. Default: none."""
