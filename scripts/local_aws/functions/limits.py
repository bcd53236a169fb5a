"""What the service limits, changeable while it runs: invocations at once, the time of an execution and of an event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from scripts.local_aws.processes.journal import Journal

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0  # seconds between two tries of an invocation that was refused
SIX_HOURS = 6 * 3600.0


@dataclass
class Limits:
    """Those of the one function; its invocations are counted here.

    journal: where a refused invocation is written.
    execution_timeout_seconds: of executions that are started from now on.
    concurrent_invocations: most at once; 0 lets none start. None: as many as the engine asks for.
    max_event_age_seconds: after so long, an asynchronous event that could not start is given up.
    """

    journal: Journal
    execution_timeout_seconds: int
    concurrent_invocations: int | None = None
    max_event_age_seconds: float = SIX_HOURS
    _running: int = 0

    @property
    def closed(self) -> bool:
        """Whether nothing may start at all."""
        return self.concurrent_invocations == 0

    def replace(self, given: Mapping[str, Any]) -> None:
        """Take over those that are named.

        Raises:
            ValueError: one is unknown or of the wrong type.
        """
        rules: dict[str, tuple[type, ...]] = {
            "execution_timeout_seconds": (int,),
            "concurrent_invocations": (int, type(None)),
            "max_event_age_seconds": (int, float),
        }
        for name, value in given.items():
            if name not in rules:
                raise ValueError(f"a limit must be one of {', '.join(rules)}, got {name!r}")
            wrong = isinstance(value, bool) or not isinstance(value, rules[name])
            if wrong or (value is not None and value < 0):
                raise ValueError(f"{name} must be a number of at least 0, got {value!r}")
        for name, value in given.items():
            setattr(self, name, value)

    @asynccontextmanager
    async def invocation(self, execution: str) -> AsyncIterator[None]:
        """An invocation runs inside; it is refused, and tried again, until there is room for it."""
        pause = FIRST_PAUSE
        while self.concurrent_invocations is not None and self._running >= self.concurrent_invocations:
            pause = await self.refused(pause, execution)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    async def refused(self, pause: float, execution: str | None = None) -> float:
        """Write down that an invocation was refused, wait, and give the next pause."""
        self.journal.write("invocation_throttled", execution=execution)
        await asyncio.sleep(pause)
        return min(2 * pause, LONGEST_PAUSE)
