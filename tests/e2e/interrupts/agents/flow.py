"""A text that names its execution and the comments it was written after, so that no answer fits two of them."""

from typing import Any


def run(flow: Any, request: Any) -> Any:
    """Write, have it reviewed, and again as often as it is sent back."""

    def write(comments: str) -> str:
        return f"{flow.ask('writer')} about {request.query} after {comments}"

    return flow.review(write("nothing"), revise=lambda _, comments: write(comments))
