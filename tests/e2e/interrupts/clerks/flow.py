"""One clerk for each item of the query, side by side."""

from typing import Any


def run(flow: Any, request: Any) -> Any:
    """Ask them all."""
    answers = flow.ask_each("clerk", request.query.split(), name="clerks", item="item")
    return " ".join(each.text for each in answers)
