"""The executions that pages look at: each is read whole once, then only what is new in it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from scripts.operate import shown
from scripts.operate.console_page.document import head, rows
from scripts.operate.endings import NotFound
from scripts.operate.history import Operation
from scripts.operate.looking import LOOK_SECONDS
from scripts.operate.money import total
from scripts.operate.place import Place
from scripts.operate.reading import Execution
from scripts.operate.reviews import open_in

MOST = 100
"""Executions kept in memory; one that was not asked for the longest time goes first."""


@dataclass
class Watched:
    """One execution and the changes of it, for any number of pages.

    Attributes:
        execution: as it was read.
        changes: how often something was new.
        looked: when it was last asked for, on the monotonic clock.
    """

    execution: Execution
    changes: int = 0
    _changed: dict[int, tuple[int, Operation]] = field(default_factory=dict)
    looked: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self) -> None:
        """Ask again, if nobody has within the last second and it has not ended."""
        with self._lock:
            if self.execution.is_over or time.monotonic() - self.looked < LOOK_SECONDS:
                return
            before = self.execution.status
            news = self.execution.refresh()
            self.looked = time.monotonic()
            if news or self.execution.status != before:
                self.changes += 1
            for _, operation in news:
                self._changed[id(operation)] = (self.changes, operation)

    def bill(self) -> tuple[str | None, int]:
        """USD so far, None if they are not known, and how many questions are open."""
        with self._lock:
            execution = self.execution
            usd = shown.cost_document(total(execution.details, execution.history))["usd"]
            return usd, sum(1 for _ in open_in(execution))

    def since(self, change: int | None) -> dict[str, Any]:
        """All of it, or its head and the operations that changed after a change that a page has seen."""
        with self._lock:
            known = change is not None and 0 <= change <= self.changes
            changed = [one for at, one in self._changed.values() if known and at > (change or 0)]
            return {
                "change": self.changes,
                "whole": not known,
                "head": head(self.execution),
                "operations": rows(self.execution.history, changed if known else None),
            }


class Watchlist:
    """The executions that were asked for lately."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._found: OrderedDict[str, Watched] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, arn: str) -> Watched:
        """One of them, as it was when it was last looked at.

        Raises:
            NotFound: there is none.
        """
        with self._lock:
            if known := self._found.get(arn):
                self._found.move_to_end(arn)
                return known
        read = Watched(Execution.read(self._place, arn))
        with self._lock:
            found = self._found.setdefault(arn, read)
            while len(self._found) > MOST:
                self._found.popitem(last=False)
            return found

    def freshen(self, arns: Iterable[str], most: int) -> None:
        """Look again at a few of them, those first that were not looked at the longest time.

        Lambda allows few calls a second: a list of many that run must not use them up.
        """
        with self._lock:
            known = dict(self._found)
        stale = [arn for arn in arns if arn not in known or not known[arn].execution.is_over]
        for arn in sorted(stale, key=lambda arn: known[arn].looked if arn in known else 0)[:most]:
            with suppress(NotFound):  # its retention ended between the two calls
                self.get(arn).look()

    def known(self, arn: str) -> Watched | None:
        """One of them, if it was read."""
        return self._found.get(arn)

    def follow(self, arn: str, seen: int | None) -> Iterator[dict[str, Any]]:
        """What a page is told: first what it has not seen, then each change until the execution has ended.

        Args:
            arn: of the execution.
            seen: number of the latest change that the page knows; None if it knows nothing.
        """
        watched = self.get(arn)
        while True:
            watched.look()
            if seen is None or watched.changes != seen:
                told = watched.since(seen)
                seen = int(told["change"])
                yield told
            if watched.execution.is_over:
                return
            yield {}
