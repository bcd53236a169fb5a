"""A tool that leaves a line on disk whenever it really runs."""

import os
from pathlib import Path

from strands import tool


@tool
def look_up(key: str) -> str:
    """Look up a key."""
    with Path(os.environ["WITNESS"]).open("a", encoding="utf-8") as witness:
        witness.write(f"{key}\n")
    return f"{key} is known. " * 20
