"""Runs entries, in two processes side by side."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.util import Finalize

from scripts.fault_catalogue.catalogue import ENTRIES
from scripts.fault_catalogue.entry import Entry
from scripts.fault_catalogue.pipeline import World
from scripts.fault_catalogue.verdict import judge, ledger_of

_kept = ExitStack()
_worlds: list[World] = []


@dataclass(frozen=True)
class Tried:
    """An entry's number in the catalogue, what was seen, and why it does not hold, if it does not.

    Attributes:
        number: place in ENTRIES.
        status: SUCCEEDED, or the error type.
        paid: replies that the endpoint was paid for.
        ledger: what the usage says of itself.
        invocations: how often the handler was invoked.
        reasons: empty if it holds.
    """

    number: int
    status: str
    paid: int
    ledger: str
    invocations: int
    reasons: tuple[str, ...]

    @property
    def entry(self) -> Entry:
        """The entry."""
        return ENTRIES[self.number]


def tried(numbers: Sequence[int], jobs: int) -> Iterator[Tried]:
    """What became of each entry, in order.

    Args:
        numbers: places in ENTRIES.
        jobs: processes at the same time, each with endpoints of its own.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=spawn) as pool:
        try:
            yield from pool.map(_one, numbers)
        finally:
            pool.shutdown(cancel_futures=True)


def _one(number: int) -> Tried:
    if not _worlds:
        _worlds.append(World(_kept))
        # a child of multiprocessing runs no atexit; without this the servers would end after their threads, and wait
        Finalize(None, _kept.close, exitpriority=10)
    entry = ENTRIES[number]
    observed = _worlds[0].run(entry)
    verdict = judge(entry, observed)
    return Tried(
        number, observed.status, len(observed.paid), ledger_of(observed), observed.invocations, verdict.reasons
    )
