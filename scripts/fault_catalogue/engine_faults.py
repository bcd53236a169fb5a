"""Faults of the durable API: a checkpoint or a read that is refused, lost or not answered."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.fault_catalogue.engine_endpoint import JSON, At, EngineFault
from scripts.fault_catalogue.entry import MOMENTS, End, Entry, Lasts, total_paid
from scripts.fault_catalogue.loopback import Answer

FINE = End()
LOST = End(paid=1, ledger="lower bound")
"""The reply was paid, its checkpoint not written in half a minute; it was bought again and the usage says so."""

PASSING: tuple[tuple[str, Answer], ...] = (
    ("429", Answer(429, b"{}", JSON)),
    ("500", Answer(500, b"{}", JSON)),
    ("503 as HTML", Answer(503, b"<html></html>", (("content-type", "text/html"),))),
    ("reset", Answer(None)),
)
NOT_ANSWERED = ("not answered", Answer(200, b"", JSON, stalls=True))
STAYING: tuple[tuple[str, Answer], ...] = (
    ("403", Answer(403, b'{"message": "no"}', (*JSON, ("x-amzn-errortype", "AccessDeniedException")))),
    ("400", Answer(400, b'{"message": "no"}', (*JSON, ("x-amzn-errortype", "InvalidParameterValueException")))),
)
AWAY = "EngineUnavailable"
REFUSED = "aws_durable_execution_sdk_python.exceptions.CheckpointError"
NO_STATE = "aws_durable_execution_sdk_python.exceptions.GetExecutionStateError"
WAITS = {"demo_checkpoint": True}
PLACES: tuple[tuple[At, str], ...] = (("start", "checkpoint before"), ("succeed", "checkpoint after"))


def entries() -> Iterator[Entry]:
    """Refused checkpoints before and after model calls, lost answers, and reads of the state."""
    for at, said in PLACES:
        after = at == "succeed"
        lost = LOST if after else FINE
        away = End(AWAY, int(after), "none")
        for fault, answer in PASSING:
            for moment, where in MOMENTS.items():
                act = EngineFault(answer, at)
                name = f"{said} answered {fault}"
                yield _entry(name, act, moment, where, "once", FINE)
                yield _entry(name, act, moment, where, "longer than patience", lost)
                yield _entry(name, act, moment, where, "for ever", away)
        for moment, where in MOMENTS.items():
            yield _entry(f"{said} {NOT_ANSWERED[0]}", EngineFault(NOT_ANSWERED[1], at), moment, where, "once", FINE)
            for fault, answer in STAYING:
                end = End(REFUSED, int(after), "exact")
                act = EngineFault(answer, at)
                yield _entry(f"{said} answered {fault}", act, moment, where, "for ever", end)
    for moment, where in MOMENTS.items():
        act = EngineFault(Answer(None), "stored")
        yield _entry("checkpoint after stored, its answer lost", act, moment, where, "once", FINE)
    yield from _reads()


def _reads() -> Iterator[Entry]:
    # the demo's wait ends the invocation before the last agent; the next one reads the state in pages
    for fault, answer in PASSING:
        act = EngineFault(answer, "state")
        name = f"state read answered {fault}"
        yield _entry(name, act, "replay", 3, "once", FINE, WAITS)
        yield _entry(name, act, "replay", 3, "for ever", End(AWAY, 0, "none"), WAITS)
    for fault, answer in STAYING:
        act = EngineFault(answer, "state")
        end = End(NO_STATE, 0, "none")
        yield _entry(f"state read answered {fault}", act, "replay", 3, "for ever", end, WAITS)


def _entry(  # noqa: PLR0917 - the columns of a row
    fault: str, act: EngineFault, moment: str, where: int, lasts: Lasts, end: End, event: dict[str, bool] | None = None
) -> Entry:
    return Entry("engine", fault, moment, lasts, end, total_paid(end, where), where, act, event=event or {})
