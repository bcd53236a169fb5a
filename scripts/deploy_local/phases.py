"""The phases of a local deployment: each is announced and timed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from scripts.console.display import PlainDisplay


class Phases:
    """Announces on a console. `started_at` is epoch seconds, `seconds` is phase -> how long it took."""

    def __init__(self, console: Console) -> None:
        self.started_at = time.time()
        self.seconds: dict[str, float] = {}
        self._notes = PlainDisplay(console, self.started_at)

    def say(self, sentence: str) -> None:
        """Write a line with the seconds since the start."""
        self._notes.note(time.time(), sentence)

    def elapsed(self) -> float:
        """Seconds since the start, one decimal."""
        return round(time.time() - self.started_at, 1)

    @contextmanager
    def of(self, name: str, sentence: str) -> Iterator[None]:
        """Announce and time a block."""
        self.say(sentence)
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(time.monotonic() - began, 1)
