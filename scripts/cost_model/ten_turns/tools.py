"""A search that costs nothing and finds as many words as asked for; it notes each run, so that repeats are counted."""

import os
from pathlib import Path

from strands import tool

RESULT_FILE = "COST_MODEL_SEARCH_RESULT"
RUNS_FILE = "COST_MODEL_SEARCH_RUNS"


@tool
def search(query: str) -> str:
    """Search the web and return the most relevant passages with their addresses.

    Args:
        query: What to look for, in a few words.
    """
    with Path(os.environ[RUNS_FILE]).open("a", encoding="utf-8") as runs:
        runs.write(f"{len(query)}\n")
    return Path(os.environ[RESULT_FILE]).read_text(encoding="utf-8")
