"""What the tables of packaged tools that leave the machine may hold: `[tools.pages]`, `[tools.web_search]`, and so on.

Part of the rule book: it needs nothing but Python and rules.py, because synth loads it too. Whatever a deployment may
know only later (a host, an id, an ARN) is held to no narrower form than a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .rules import FLAG, Rule, is_table, made, ruled, text, whole, words

MOST_DOMAINS = 100
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*\.[a-z][a-z0-9-]{{0,61}}[a-z0-9]"


def _domains(least: int) -> Rule:
    def holds(value: Any) -> bool:
        return (
            isinstance(value, list | tuple)
            and least <= len(value) <= MOST_DOMAINS
            and all(isinstance(one, str) and re.fullmatch(_DOMAIN, one) for one in value)
        )

    says = f"a list of {least} to {MOST_DOMAINS} domains in lower case, such as docs.example.org"
    return Rule(says, holds, lambda value, _: tuple(value))


_WORD = text(r"\S{1,2048}", "a word")
_FILE = text(r"[^/\s][^\s]{0,1023}", "the path of a file below the agents folder")


@dataclass(frozen=True, kw_only=True)
class Pages:
    """Web pages that agents read, by `fetch_page`.

    Attributes:
        domains: that may be read, each with all below it; 1 to 100.
        max_bytes: largest page, decompressed, 1,000 to 20,000,000. Default: 2,000,000.
        seconds: longest time for one page, 1 to 100. Default: 20.
        ca_file: certificates to trust in place of the usual ones, a file beside agents.toml. Default: the usual ones.
    """

    domains: tuple[str, ...] = ruled(_domains(1))
    max_bytes: int = ruled(whole(1_000, 20_000_000), default=2_000_000)
    seconds: int = ruled(whole(1, 100), default=20)
    ca_file: str | None = ruled(_FILE, default=None)


@dataclass(frozen=True, kw_only=True)
class WebSearch:
    """The web that agents search, by `search_web`.

    Attributes:
        include_domains: the only ones that results come from. Default: any.
        exclude_domains: those that none comes from. Default: none.
        max_results: most results of one search, 1 to 25. Default: 8.
        region: AWS Region of AgentCore that is asked. Default: the function's.
        provider: another search engine, a class beside agents.toml as `file.py:Class`. Default: AgentCore.
        secret_arn: secret of Secrets Manager with the provider's key. Default: none.
    """

    include_domains: tuple[str, ...] = ruled(_domains(0), default=())
    exclude_domains: tuple[str, ...] = ruled(_domains(0), default=())
    max_results: int = ruled(whole(1, 25), default=8)
    region: str | None = ruled(_WORD, default=None)
    provider: str = ruled(text(r"([^/\s:]{1,100}\.py:[A-Za-z_]\w{0,99})?", "file.py:Class"), default="")
    secret_arn: str | None = ruled(_WORD, default=None)


@dataclass(frozen=True, kw_only=True)
class KnowledgeBase:
    """An Amazon Bedrock knowledge base that agents search, by `search_knowledge_base`.

    Attributes:
        id: of the knowledge base, or its ARN.
        max_results: most passages of one search, 1 to 100. Default: 8.
    """

    id: str = ruled(_WORD)
    max_results: int = ruled(whole(1, 100), default=8)


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database that agents ask, by `query_database`: PostgreSQL (`host`) or Amazon Athena (`workgroup`).

    Attributes:
        name: of the database.
        host: of PostgreSQL, as its certificate names it. Default: none, `workgroup` says where.
        port: of PostgreSQL. Default: 5432.
        user: of PostgreSQL, with IAM authentication. Default: none, `secret_arn` has it.
        secret_arn: secret of Secrets Manager with `username` and `password`. Default: none, IAM authentication.
        ca_file: certificates that PostgreSQL's is signed by, a file beside agents.toml. Default: the system's.
        workgroup: of Athena, with a limit of what a query scans. Default: none, `host` says where.
        catalog: of Athena. Default: AwsDataCatalog.
        about: what the model is told of the tables, at most 2,000 characters. Default: nothing.
        max_rows: most rows of one answer, 1 to 999. Default: 200.
        max_bytes: most bytes of one answer, 1,000 to 1,000,000. Default: 100,000.
        seconds: longest run of one query, 1 to 300. Default: 30.
    """

    name: str = ruled(_WORD)
    host: str | None = ruled(_WORD, default=None)
    port: int = ruled(whole(1, 65_535), default=5432)
    user: str | None = ruled(_WORD, default=None)
    secret_arn: str | None = ruled(_WORD, default=None)
    ca_file: str | None = ruled(_FILE, default=None)
    workgroup: str | None = ruled(_WORD, default=None)
    catalog: str = ruled(_WORD, default="AwsDataCatalog")
    about: str = ruled(text(r"[\s\S]{0,2000}", "at most 2,000 characters"), default="")
    max_rows: int = ruled(whole(1, 999), default=200)
    max_bytes: int = ruled(whole(1_000, 1_000_000), default=100_000)
    seconds: int = ruled(whole(1, 300), default=30)

    def refusal(self) -> str | None:
        """What no field can tell by itself; None if all is well."""
        if (self.host is None) == (self.workgroup is None):
            return f"must have either host or workgroup, got {'neither' if self.host is None else 'both'}"
        if self.host and (self.user is None) == (self.secret_arn is None):
            return f"must have either user or secret_arn, got {'neither' if self.user is None else 'both'}"
        return None


MCP_PACKAGES = (
    *("mcp", "mcp_types", "starlette", "uvicorn", "sse_starlette", "python_multipart", "multipart", "jwt"),
    *("truststore", "httpx", "httpx2", "httpcore", "httpcore2", "h11", "anyio", "click"),
    *("cryptography", "cffi", "pycparser", "_cffi_backend*"),
)
"""What a client of MCP imports and the Lambda package leaves out where there is none."""


@dataclass(frozen=True, kw_only=True)
class McpServer:
    """One server of the Model Context Protocol.

    Attributes:
        tools: of the server that agents may have, by the server's own names. An agent has them as `SERVER_TOOL`.
        reads_only: whether none of them has an effect on anything, which must be so: true.
        url: of a server over streamable HTTP, https; http on this machine only. Default: none, `command` starts one.
        command: program and arguments of a server over stdio, started in the agents folder. Default: none.
        secret_arn: secret of Secrets Manager whose text is the bearer token for `url`. Default: none is sent.
    """

    tools: tuple[str, ...] = ruled(words("a list of at least one name of the server's tools", 1))
    reads_only: bool = ruled(FLAG, default=False)
    url: str | None = ruled(
        text(r"https://\S{1,2000}|http://(127\.0\.0\.1|localhost)(:\d{1,5})?(/\S{0,2000})?", "an https address"),
        default=None,
    )
    command: tuple[str, ...] = ruled(words("a list of a program and its arguments", 1), default=())
    secret_arn: str | None = ruled(_WORD, default=None)


def _servers(value: Mapping[str, Any], where: str) -> dict[str, McpServer]:
    return {name: made(McpServer, given, f"{where}: servers.{name}") for name, given in value.items()}


def _are_servers(value: Any) -> bool:
    named = is_table(value) and bool(value) and all(re.fullmatch("[a-z][a-z0-9]{0,19}", name) for name in value)
    return named and all(map(is_table, value.values()))


def names_of_servers(tools: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Name of a server -> its tools, as the names by which agents have them."""
    return tuple(f"{name}_{tool}" for name, listed in tools.items() for tool in listed)


@dataclass(frozen=True, kw_only=True)
class Mcp:
    """Servers of the Model Context Protocol whose tools agents have.

    Attributes:
        servers: name of a server, a word of small letters and digits -> the server.
    """

    servers: Mapping[str, McpServer] = ruled(
        Rule("tables such as [tools.mcp.servers.wiki], named by small letters and digits", _are_servers, _servers)
    )

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of all tools, as agents have them."""
        return names_of_servers({name: server.tools for name, server in self.servers.items()})

    def refusal(self) -> str | None:
        """What no field can tell by itself; None if all is well."""
        for name, server in self.servers.items():
            if (server.url is None) == (not server.command):
                return f"servers.{name} must have either url or command, got {'both' if server.url else 'neither'}"
            if server.secret_arn and server.url is None:
                return f"servers.{name}: secret_arn must come with url, got a command"
            if not server.reads_only:
                return (
                    f"servers.{name} must have tools without effects only, since its agents read strangers' texts: "
                    "say so by reads_only = true, got it without"
                )
        return None
