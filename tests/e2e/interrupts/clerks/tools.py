"""A tool that asks a person by a Strands interrupt, and writes down where what it was told came in."""

import json
import os
from pathlib import Path

from strands import ToolContext, tool


@tool(context=True)
def ask(item: str, question: str, tool_context: ToolContext) -> str:
    """Ask a person.

    Args:
        item: What for.
        question: What.
    """
    answer = tool_context.interrupt(question, reason=f"{item}: {question}")
    with (Path(os.environ["PLANTED_IN"]) / "heard.jsonl").open("a", encoding="utf-8") as heard:
        heard.write(json.dumps([item, question, answer]) + "\n")
    return "heard"
