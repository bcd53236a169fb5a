"""As many rounds as the query says: nine agents one after the other, then ten side by side."""

from typing import Any


def run(flow: Any, request: Any) -> str:
    """Give how many answers there were."""
    parts = [f"part {number}" for number in range(10)]
    answers = []
    for number in range(1, int(request.query) + 1):
        if number % 10:
            answers.append(flow.ask("clerk"))
        else:
            answers += [each.text for each in flow.ask_each("clerk", parts, name="side-by-side", item="part")]
    return f"{len(answers)} answers"
