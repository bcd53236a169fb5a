"""The packaged tools: which there are, what their tables in agents.toml may hold, where their code is.

Part of the rule book: it needs nothing but Python and rules.py, because synth loads it too. A new tool is a folder of
`research_tools` and a row here; docs/tools.md has each.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .box_settings import MCP_PACKAGES, Database, KnowledgeBase, Mcp, Pages, WebSearch, names_of_servers
from .rules import is_table, made, ruled, shown, text, whole


@dataclass(frozen=True, kw_only=True)
class Documents:
    """Documents that agents search and read: a folder beside agents.toml, or objects of a bucket.

    Attributes:
        folder: where they are, from the agents folder or absolute. Default: none, `bucket` says where.
        bucket: name of an S3 bucket. Default: none, `folder` says where.
        prefix: with a bucket, the beginning of the keys; ends with "/". Default: every object of the bucket.
        address: what a document's address in the list of sources begins with, such as a site's. Default: the path of
            a document as it is below the folder, or `s3://BUCKET/` and its key.
        max_results: most passages of one search, 1 to 25. Default: 8.
        max_characters: most characters of a document that one call reads. Default: 12,000.
    """

    folder: str | None = ruled(text(r".{1,1024}", "the path of a folder"), default=None)
    bucket: str | None = ruled(text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of an S3 bucket"), default=None)
    prefix: str = ruled(text(r"([^/].{0,1000}/)?", 'the beginning of keys, ending with "/"'), default="")
    address: str = ruled(text(r"\S{0,1000}", "the beginning of an address, without blanks"), default="")
    max_results: int = ruled(whole(1, 25), default=8)
    max_characters: int = ruled(whole(1_000, 100_000), default=12_000)

    def refusal(self) -> str | None:
        """What no field can tell by itself; None if all is well."""
        if (self.folder is None) == (self.bucket is None):
            return f"must have either folder or bucket, got {'neither' if self.folder is None else 'both'}"
        return None if self.bucket or not self.prefix else "prefix must come with bucket, got a folder"


@dataclass(frozen=True, kw_only=True)
class Toolbox:
    """Tools that share their settings, and the code behind them.

    Attributes:
        settings: the class of its table; it may have `refusal()`, and `tools`, which then replaces the names here.
        module: has `make(settings) -> {name: function}`; imported only when an agent with one of the tools really runs.
        tools: their names.
        listed: whether servers list them, in a step of each run; `module` then has no `make`. Default: false.
        keeps: top-level packages and botocore service models that the Lambda package must not leave out for them.
    """

    settings: type
    module: str
    tools: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    listed: bool = False


TOOLBOXES: Mapping[str, Toolbox] = {
    "documents": Toolbox(
        settings=Documents, module="research_tools.documents.tools", tools=("search_documents", "read_document")
    ),
    "pages": Toolbox(settings=Pages, module="research_tools.pages.tools", tools=("fetch_page",)),
    "web_search": Toolbox(
        settings=WebSearch,
        module="research_tools.web_search.tools",
        tools=("search_web",),
        keeps=("bedrock-agentcore",),
    ),
    "knowledge_base": Toolbox(
        settings=KnowledgeBase, module="research_tools.knowledge_base.tools", tools=("search_knowledge_base",)
    ),
    "database": Toolbox(
        settings=Database, module="research_tools.database.tools", tools=("query_database",), keeps=("athena", "rds")
    ),
    "mcp": Toolbox(settings=Mcp, module="research_tools.mcp.servers", keeps=MCP_PACKAGES, listed=True),
}
"""Name of a table `[tools.NAME]` -> what it switches on. The code is in `research_tools/NAME/`, its pins, if it has
any, in a requirements.txt there: both ship only where the box is used."""


def boxes_of(tables: Any, more: Mapping[str, Mapping[str, Any]], file: str) -> dict[str, Any]:
    """The settings of the boxes that are switched on.

    Args:
        tables: `[tools]` of agents.toml.
        more: what the deployment chose besides, which stands above it.
        file: named in a refusal.

    Raises:
        ValueError: a box is unknown, or a field breaks its rule.
    """
    if not is_table(tables):
        raise ValueError(f"{file}: tools must be tables such as [tools.documents], got {shown(tables)}")
    boxes = {}
    for name in dict.fromkeys((*tables, *more)):
        if name not in TOOLBOXES:
            raise ValueError(f"{file}: [tools.NAME] must be one of {', '.join(TOOLBOXES)}, got {shown(name)}")
        given, where = tables.get(name, {}), f"{file}: [tools.{name}]"
        if not is_table(given):
            raise ValueError(f"{where} must be a table, got {shown(given)}")
        boxes[name] = made(TOOLBOXES[name].settings, {**given, **more.get(name, {})}, where)
        refusal = getattr(boxes[name], "refusal", lambda: None)()
        if refusal:
            raise ValueError(f"{where} {refusal}")
    return boxes


def tools_of(box: str, settings: Any) -> tuple[str, ...]:
    """Names of the tools in a box."""
    names: tuple[str, ...] = getattr(settings, "tools", TOOLBOXES[box].tools)
    return names


def names_in(box: str, chosen: Mapping[str, Any]) -> tuple[str, ...]:
    """As `tools_of`, of a table as the construct writes it, tokens and all."""
    if TOOLBOXES[box].listed:
        return names_of_servers({name: server["tools"] for name, server in chosen["servers"].items()})
    return tuple(chosen.get("tools", TOOLBOXES[box].tools))


def packaged(boxes: Mapping[str, Any]) -> dict[str, str]:
    """Name of a packaged tool -> its box, of the boxes that are switched on; any other name is one of tools.py."""
    return {tool: box for box, settings in boxes.items() for tool in tools_of(box, settings)}


def own_tools(names: Sequence[str], boxes: Mapping[str, Any]) -> tuple[str, ...]:
    """The names among these that tools.py must define."""
    known = packaged(boxes)
    return tuple(name for name in names if name not in known)


def has_packaged(names: Sequence[str], boxes: Mapping[str, Any]) -> bool:
    """Whether a packaged tool is among these, so that their agent answers in findings."""
    return not packaged(boxes).keys().isdisjoint(names)


def refuse_effects(tools: Sequence[str], harmless: Collection[str], boxes: Mapping[str, Any], where: str) -> None:
    """Refuse a tool that may act, in an agent that reads what strangers wrote: their words could ask for it.

    Args:
        tools: of the agent.
        harmless: those of its own that have no effects, as their author says.
        boxes: settings of the boxes that are switched on.
        where: begins a refusal.

    Raises:
        ValueError: naming the tool.
    """
    for tool in own_tools(tools, boxes) if has_packaged(tools, boxes) else ():
        if tool not in harmless:
            raise ValueError(
                f"{where}: a tool beside packaged ones, which read strangers' texts, must have no effects: say so by "
                f"reads_only = true in its tool_options, got {shown(tool)} without"
            )
