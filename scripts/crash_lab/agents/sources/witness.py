"""What the lab sees of a tool's call, wherever it is answered: it begins, is held if it is to be killed, goes on."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

LONGEST_HOLD_SECONDS = 60.0
LOOK_SECONDS = 0.01


class Witness:
    """Writes the lines of calls that really happen into a stack's folder, which also says which of them is held."""

    def __init__(self, folder: Path) -> None:
        self._lines = folder / "witness.jsonl"
        self._hold = folder / "hold"

    def saw(self, call: str) -> None:
        """A call began; return when it may go on."""
        self._write("started", call)
        deadline = time.monotonic() + LONGEST_HOLD_SECONDS
        while self.holds(call) and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        self._write("finished", call)

    def noted(self, call: str) -> None:
        """A call began, which is held elsewhere."""
        self._write("started", call)

    def holds(self, call: str) -> bool:
        """Whether the lab wants to kill in the middle of this call."""
        try:
            return self._hold.read_text(encoding="utf-8") == call
        except FileNotFoundError:
            return False

    def _write(self, event: str, call: str) -> None:
        # one write per line, on the disk before the call goes on: a SIGKILL right after loses nothing
        file = os.open(self._lines, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, json.dumps({"event": event, "call": call, "pid": os.getpid()}).encode() + b"\n")
            os.fsync(file)
        finally:
            os.close(file)
