"""Watches executions until they end, for the callers that wait and for the events file."""

from __future__ import annotations

import asyncio
from typing import Any

from scripts.local_aws.functions.engine_client import Engine
from scripts.local_aws.processes.journal import Journal

ENDED = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED"})
SOON, LATER = 0.02, 1.0  # seconds between looks: just after something happened, and while nothing does


class Executions:
    """The executions that this endpoint has started or served."""

    def __init__(self, engine: Engine, journal: Journal) -> None:
        self._engine = engine
        self._journal = journal
        self._watches: dict[str, asyncio.Task[dict[str, Any]]] = {}
        self._nudges: dict[str, asyncio.Event] = {}

    def watch(self, execution: str) -> None:
        """Follow an execution to its end; a second call changes nothing."""
        if execution not in self._watches:
            self._nudges[execution] = asyncio.Event()
            self._watches[execution] = asyncio.create_task(self._follow(execution))

    def nudge(self, execution: str) -> None:
        """Something happened to the execution: look soon."""
        if execution in self._nudges:
            self._nudges[execution].set()

    async def end_of(self, execution: str) -> dict[str, Any]:
        """Wait for the end; returns GetDurableExecution's answer."""
        self.watch(execution)
        return await asyncio.shield(self._watches[execution])

    async def close(self) -> None:
        """Stop watching."""
        for task in self._watches.values():
            task.cancel()
        await asyncio.gather(*self._watches.values(), return_exceptions=True)

    async def _follow(self, execution: str) -> dict[str, Any]:
        pause = SOON
        while (details := await self._engine.get(execution))["Status"] not in ENDED:
            pause = SOON if await self._nudged_within(execution, pause) else min(2 * pause, LATER)
        error = details.get("Error") or {}
        self._journal.write(
            "execution_finished",
            execution=execution,
            status=details["Status"],
            error_type=error.get("ErrorType"),
        )
        return details

    async def _nudged_within(self, execution: str, seconds: float) -> bool:
        nudge = self._nudges[execution]
        try:
            await asyncio.wait_for(nudge.wait(), seconds)
        except TimeoutError:
            return False
        nudge.clear()
        return True
