"""The documents that a local run researches: a folder of the caller's, or this repository's docs."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.console.command_line import BadUsage
from scripts.console.declared_agents import LAMBDA_SRC, PACKAGED_AGENTS, agent_names
from scripts.console.models import ModelChoice
from scripts.local_aws.processes.child import REPOSITORY

TOOLS = ("search_documents", "read_document")


@dataclass(frozen=True)
class Documents:
    """A folder of documents, and who reads it.

    folder: absolute.
    address: what the addresses of its documents begin with: the folder as the caller wrote it.
    agent: name of the agent.
    """

    folder: Path
    address: str
    agent: str

    @property
    def variables(self) -> dict[str, str]:
        """The function's variables that switch the tools on, as the construct sets them."""
        settings = {"documents": {"folder": str(self.folder), "address": self.address}}
        return {"AGENT_TOOLS": json.dumps({self.agent: TOOLS}), "TOOL_SETTINGS": json.dumps(settings)}


def documents_of(given: argparse.Namespace, model: ModelChoice, agents: Path) -> Documents | None:
    """The documents that the options name; without a word of them docs/, where the model can call tools.

    Raises:
        BadUsage: the folder cannot be researched.
    """
    if given.documents is not None and given.no_documents:
        raise BadUsage("give --documents or --no-documents, not both")
    if given.documents is None:
        by_default = model.calls_tools and agents == PACKAGED_AGENTS and not given.no_documents
        return Documents(REPOSITORY / "docs", "docs/", agent_names(agents)[0]) if by_default else None
    folder: Path = given.documents
    if LAMBDA_SRC not in sys.path:
        sys.path.append(LAMBDA_SRC)
    from research_tools.documents.folder import documents_in
    from research_tools.reading import NotUsable

    try:
        documents_in(folder)
    except NotUsable as error:
        raise BadUsage(f"--documents: {error}") from error
    address = str(folder).removeprefix("./").rstrip("/")
    return Documents(folder.resolve(), "" if address == "." else f"{address}/", agent_names(agents)[0])
