"""Each query is answered by the agent that it names."""

from typing import Any


def run(flow: Any, request: Any) -> Any:
    """Ask one agent, once."""
    return flow.ask(request.query)
