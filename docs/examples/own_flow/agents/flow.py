"""A press release: small news is written at once, large news goes to and fro with a critic; a person decides."""

from typing import Any

ROUNDS = 3


def run(flow: Any, request: Any) -> str:
    """Find out how large the news is, write, let the critic read, ask a person."""
    size = flow.ask("editor", query=request.query)

    def write(**more: str) -> str:
        return str(flow.ask("writer", query=request.query, **more))

    draft = write()
    if "LARGE" in size:
        for _ in range(ROUNDS):
            notes = flow.ask("critic", query=request.query, draft=draft)
            if notes.strip() == "PRINT":
                break
            draft = write(draft=draft, notes=notes, instruction="Write it again, as `notes` says.")

    def again(draft: str, comments: str) -> str:
        return write(draft=draft, comments=comments, instruction="Write it again, as the person's `comments` say.")

    return str(flow.review(draft, revise=again))
