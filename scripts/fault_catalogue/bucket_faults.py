"""Faults of the bucket that keeps large results, when they are written, read back, read at a replay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scripts.fault_catalogue.bucket_endpoint import BucketFault, refusal
from scripts.fault_catalogue.entry import CALLS, End, Entry, Lasts, total_paid
from scripts.fault_catalogue.loopback import Answer

FINE = End()
PASSING: tuple[tuple[str, Answer | None], ...] = (
    ("SlowDown", refusal(503, "SlowDown")),
    ("500 InternalError", refusal(500, "InternalError")),
    ("reset", Answer(None)),
    ("body cut", None),
)
STAYING: tuple[tuple[str, Answer | None], ...] = (
    ("403 AccessDenied", refusal(403, "AccessDenied")),
    ("404 NoSuchKey", refusal(404, "NoSuchKey")),
)
LARGE = 300_000
"""Characters of a reply above the limit of a checkpoint."""
HUGE = 3_200_000
"""Two replies of this make a result above the limit of a response."""
MOMENTS = {"first agent": ("research", 1), "middle agent": ("analysis", 2), "last agent": ("summary", 4)}
KEPT = "ResultNotKept"
WAITS = {"demo_checkpoint": True}


@dataclass(frozen=True)
class BucketAct:
    """What the bucket does, and how long the replies are.

    Attributes:
        fault: the fault.
        long: agents and the characters of their replies.
    """

    fault: BucketFault
    long: dict[str, int]


def entries() -> Iterator[Entry]:
    """Every fault at every request of a large result."""
    for moment, (agent, where) in MOMENTS.items():
        long = {agent: LARGE}
        for fault, answer in (*PASSING, *STAYING):
            passes = (fault, answer) in PASSING
            if answer is not None:
                put = BucketAct(BucketFault(answer, "PUT"), long)
                yield _entry(f"PutObject: {fault}", put, moment, where, "once", FINE if passes else End(KEPT, 1))
                yield _entry(f"PutObject: {fault}", put, moment, where, "for ever", End(KEPT, 1))
            read = BucketAct(BucketFault(answer, "GET"), long)
            stays = End(KEPT, 1)
            yield _entry(f"GetObject: {fault}", read, moment, where, "once", FINE if passes else stays)
            # a reply just written is in memory still, so a read that fails for ever costs nothing here
            yield _entry(f"GetObject: {fault}", read, moment, where, "for ever", FINE if passes else stays)
    yield from _replays()
    yield from _results()


def _replays() -> Iterator[Entry]:
    for fault, answer in (*PASSING, *STAYING):
        passes = (fault, answer) in PASSING
        act = BucketAct(BucketFault(answer, "GET at replay"), {"research": LARGE})
        lost = End(KEPT, 0, "unknown")
        name = f"GetObject at a replay: {fault}"
        yield _entry(name, act, "replay", 3, "once", FINE if passes else lost, WAITS)
        yield _entry(name, act, "replay", 3, "for ever", lost, WAITS)


def _results() -> Iterator[Entry]:
    lost = End(KEPT, 0)
    for fault, answer in (*PASSING, *STAYING):
        if answer is None:
            continue
        name, passes = f"PutObject of the result: {fault}", (fault, answer) in PASSING
        act = BucketAct(BucketFault(answer, "PUT of the result"), {"research": HUGE, "analysis": HUGE})
        yield _entry(name, act, "result", len(CALLS), "once", FINE if passes else lost)
        if passes:
            yield _entry(name, act, "result", len(CALLS), "longer than patience", FINE)
        yield _entry(name, act, "result", len(CALLS), "for ever", lost)


def _entry(  # noqa: PLR0917 - the columns of a row
    fault: str, act: BucketAct, moment: str, where: int, lasts: Lasts, end: End, event: dict[str, bool] | None = None
) -> Entry:
    environment = {"LARGE_RESULTS_BUCKET": "large"}
    return Entry("bucket", fault, moment, lasts, end, total_paid(end, where), where, act, environment, event or {})
