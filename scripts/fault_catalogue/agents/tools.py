"""The one tool of the catalogue's agents."""

from typing import Any

from strands import tool

from scripts.fault_catalogue.tool_faults import looked_up


@tool
def look_up(agent: str) -> Any:
    """Look something up.

    Args:
        agent: who asks.
    """
    return looked_up(agent)
