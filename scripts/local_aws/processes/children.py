"""Several processes that begin and end together, each with a log file of its own in one folder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from scripts.local_aws.processes.callers_profile import without_profile
from scripts.local_aws.processes.child import Child


class Children:
    """The processes of a stack; none is left after the block that it is used in.

    Args:
        folder: where the logs go, named after the processes; exists when the first one starts.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(
        self, name: str, module: str, arguments: Sequence[str], environ: Mapping[str, str] | None = None
    ) -> Child:
        """Start one more; its log is the name with dashes. Default environment: ours, less the caller's AWS profile."""
        log = self._folder / f"{name.lower().replace(' ', '-')}.log"
        child = Child(name, module, arguments, log, without_profile(os.environ) if environ is None else environ)
        self._running.append(child)
        return child

    def check(self) -> None:
        """Raise ChildDied if one of the processes has ended."""
        for child in self._running:
            child.check()

    def pids(self) -> dict[str, int]:
        """Process id of each, by name."""
        return {child.name: child.pid for child in self._running}

    def stop(self) -> None:
        """End every process: all are asked, then waited for, the last started first."""
        for child in self._running:
            child.ask_to_stop()
        while self._running:
            self._running.pop().stop()
