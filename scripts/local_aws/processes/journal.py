"""Lines of JSON in a file: one process appends, another follows."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any


class Journal:
    """Appends events, each flushed at once so that a follower sees it and a SIGKILL loses none."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", buffering=1, encoding="utf-8")

    def write(self, event: str, **fields: Any) -> None:
        """Append one event with the time in epoch seconds."""
        self._file.write(json.dumps({"at": round(time.time(), 6), "event": event, **fields}) + "\n")


class Follower:
    """Reads what was appended since the last look; a file that does not exist yet has nothing to say."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def new_lines(self) -> list[dict[str, Any]]:
        """All complete new lines, parsed; a half-written last line waits for the next look."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        whole, newline, _ = data.rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        return [json.loads(line) for line in whole.splitlines() if line]


def read_all(path: Path) -> list[dict[str, Any]]:
    """Every complete line of the file, parsed."""
    return Follower(path).new_lines()
