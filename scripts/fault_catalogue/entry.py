"""What an entry of the catalogue is: one fault, one moment, how long, and what must become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Ledger = Literal["exact", "lower bound", "unknown", "none"]
"""What the usage says: the cost to the digit; the cost without attempts that broke, and how many; null; no usage."""

Lasts = Literal["once", "longer than patience", "for ever"]
SUCCEEDED = "SUCCEEDED"
CALLS = (("research", 1), ("research", 2), ("analysis", 1), ("summary", 1), ("summary", 2))
"""The model calls of an execution without a fault: agent and turn."""
MOMENTS = {"first call": 0, "middle call": 2, "last call": 4}


@dataclass(frozen=True)
class End:
    """How an execution must end.

    Attributes:
        status: SUCCEEDED, or the error type.
        paid: replies that the faulty call was paid for beyond those without a fault; for a failure, at all.
        ledger: what the usage says.
    """

    status: str = SUCCEEDED
    paid: int = 0
    ledger: Ledger = "exact"


@dataclass(frozen=True)
class Entry:
    """One execution with one fault.

    Attributes:
        family: where the fault lies: model, connection, engine, bucket, tool.
        fault: what it is, in words.
        moment: when it strikes, in words.
        lasts: for how long.
        end: how the execution must end.
        paid: replies that the model endpoint must have been paid for, in all.
        where: the call, by its place in CALLS, at which it strikes.
        act: what the family's endpoint does.
        environment: what this entry's deployment chose.
        event: what the execution is started with, beside the query.
    """

    family: str
    fault: str
    moment: str
    lasts: Lasts
    end: End
    paid: int
    where: int
    act: Any
    environment: Mapping[str, str] = field(default_factory=dict)
    event: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Unique in the catalogue."""
        return f"{self.family}: {self.fault}, {self.moment}, {self.lasts}"


def total_paid(end: End, where: int) -> int:
    """Replies paid in all: every call once and those beyond, or for a failure the calls before it and its own."""
    return end.paid + (len(CALLS) if end.status == SUCCEEDED else where)
