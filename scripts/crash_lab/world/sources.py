"""All that the readers' tools lead to, started for one stack, and the variables that lead there."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from scripts.crash_lab.agents.sources.texts import SITE
from scripts.crash_lab.agents.sources.witness import Witness
from scripts.crash_lab.world.database import database, installed
from scripts.crash_lab.world.endpoints import Endpoint, answering
from scripts.local_aws.certificates import HOST, certificate

SECRET = "arn:aws:secretsmanager:us-east-1:111111111111:secret:levels"  # noqa: S105  (its name)


@contextmanager
def world_of_sources(folder: Path) -> Iterator[Mapping[str, str]]:
    """Start it; yields the function's variables.

    Args:
        folder: of the stack, with the agents in `agents`.
    """
    agents, witness = folder / "agents", Witness(folder)
    settings: dict[str, Any] = {
        # started in the agents folder, by this Python, which has the library of MCP
        "mcp": {"servers": {"wiki": {"command": [sys.executable, "wiki.py"], "tools": ["look_up"], "reads_only": True}}}
    }
    with ExitStack() as running:
        tls, _ = certificate(agents, "ca", SITE)
        services = f"http://{HOST}:{running.enter_context(answering(Endpoint(witness)))}"
        site = running.enter_context(answering(Endpoint(witness, tls)))
        variables = {
            **{f"AWS_ENDPOINT_URL_{name}": services for name in ("BEDROCK_AGENTCORE", "BEDROCK_AGENT_RUNTIME")},
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": services,
            "LAB_SITE_PORT": str(site),
        }
        if installed():
            server = running.enter_context(database(witness))
            (agents / "database.pem").write_bytes(server.ca_file.read_bytes())
            where = {"host": HOST, "port": server.port, "ca_file": "database.pem"}
            settings["database"] = {"name": "postgres", "secret_arn": SECRET, **where}
            variables["AGENT_TOOLS"] = json.dumps({"research": ["query_database"]})
        yield {**variables, "TOOL_SETTINGS": json.dumps(settings)}
