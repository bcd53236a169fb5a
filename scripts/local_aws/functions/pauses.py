"""Which executions a caller has paused or deleted: the engine knows neither."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Pauses:
    """A paused execution is not invoked; an invocation in progress stops at its next checkpoint.

    Lambda ends such an invocation there and starts another one at the resume; here its process waits.
    """

    def __init__(self) -> None:
        self._gates: dict[str, asyncio.Event] = {}
        self._working: Counter[str] = Counter()
        self._deleted: set[str] = set()

    def pause(self, execution: str) -> None:
        """From now on nothing of it passes."""
        self._gates.setdefault(execution, asyncio.Event())

    def resume(self, execution: str) -> bool:
        """Let it go on; False if it was not paused."""
        gate = self._gates.pop(execution, None)
        if gate is not None:
            gate.set()
        return gate is not None

    def is_paused(self, execution: str) -> bool:
        """Whether it is."""
        return execution in self._gates

    async def passed(self, execution: str) -> None:
        """Return once it is not paused; meanwhile the invocation that waits here does not count as in progress."""
        working, self._working[execution] = self._working[execution], 0
        while (gate := self._gates.get(execution)) is not None:
            await gate.wait()
        self._working[execution] = working

    @contextmanager
    def invocation(self, execution: str) -> Iterator[None]:
        """An invocation is in progress inside."""
        self._working[execution] += 1
        try:
            yield
        finally:
            self._working[execution] = 0

    def delete(self, execution: str) -> None:
        """From now on nobody sees it."""
        self._deleted.add(execution)

    def seen(self, summary: dict[str, Any]) -> dict[str, Any] | None:
        """What callers see of an execution that the engine describes so; None if it was deleted."""
        execution = summary["DurableExecutionArn"]
        if execution in self._deleted:
            return None
        if summary["Status"] != "RUNNING" or not self.is_paused(execution):
            return summary
        return summary | {"Status": "PAUSING" if self._working[execution] else "PAUSED"}
