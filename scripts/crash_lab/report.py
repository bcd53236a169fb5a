"""A sweep in figures: one JSON document, one table."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from scripts.console.sentence import say
from scripts.crash_lab.sweep import Sweep
from scripts.crash_lab.verdict import NOT_COMPARED, Verdict

COLUMNS = ("operation", "kills", "kept", "repeated", "in flight", "result", "ledger")


@dataclass(frozen=True)
class Row:
    """One durable operation: its kills together.

    kept: completed calls at these kills that were not made again, added up.
    repeated_completed: completed calls that were.
    repeated_in_flight: calls in flight that were made once more.
    """

    operation: str
    kills: int
    kept: int
    repeated_completed: int
    repeated_in_flight: int
    results_identical: int
    ledgers_identical: int
    holding: int

    @property
    def cells(self) -> tuple[str, ...]:
        """The figures as text, in the order of COLUMNS, without the operation."""
        figures = (self.kills, self.kept, self.repeated_completed, self.repeated_in_flight)
        same = (self.results_identical, self.ledgers_identical)
        return (
            *map(str, figures),
            *("same" if count == self.kills else f"{self.kills - count} differ" for count in same),
        )


def rows_of(verdicts: Iterable[Verdict]) -> list[Row]:
    """A row per operation, in the order of the sweep."""
    return [_row(path, list(group)) for path, group in groupby(verdicts, key=lambda verdict: verdict.point.path)]


def total(rows: Iterable[Row]) -> Row:
    """All rows added up."""
    listed = [list(vars(row).values())[1:] for row in rows]
    return Row("all", *(sum(column) for column in zip(*listed, strict=True)))


def document(sweeps: Sequence[Sweep], seconds: float) -> dict[str, Any]:
    """The sweeps as JSON: figures first, then every point."""
    verdicts = [verdict for sweep in sweeps for verdict in sweep.verdicts]
    all_ = total(rows_of(verdicts))
    return {
        "points_known": sum(len(sweep.points) for sweep in sweeps),
        "points_tried": all_.kills,
        "points_holding": all_.holding,
        "processes_killed": sum(verdict.new_process for verdict in verdicts),
        "completed_calls_kept": all_.kept,
        "completed_calls_repeated": all_.repeated_completed,
        "in_flight_calls_repeated": all_.repeated_in_flight,
        "in_flight_calls_repeated_at_most": max(len(verdict.repeated_in_flight) for verdict in verdicts),
        "results_identical": all_.results_identical,
        "ledgers_identical": all_.ledgers_identical,
        "seconds": round(seconds, 1),
        "notices_repeated": notices_repeated(verdicts),
        "reviews_asked_again": sum(len(verdict.asked_again) for verdict in verdicts),
        "undisturbed": {sweep.scenario.name: _summary(sweep.undisturbed) for sweep in sweeps},
        "not_compared": NOT_COMPARED,
        "points": [
            {"scenario": sweep.scenario.name, **_point(verdict)} for sweep in sweeps for verdict in sweep.verdicts
        ],
    }


def notices_repeated(verdicts: Iterable[Verdict]) -> int:
    """Notices that were sent twice, for the same callback: their process died before it could keep that they were."""
    return sum(call.startswith("notice:") for verdict in verdicts for call in verdict.repeated_in_flight)


def write_table(sweep: Sweep, console: Console) -> None:
    """Print a scenario's table and what failed."""
    rows = rows_of(sweep.verdicts)
    title = f"scenario: {sweep.scenario.name}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 0), pad_edge=False)  # fits 80 columns
    for name in COLUMNS:
        text = name in ("operation", "result", "ledger")
        table.add_column(name, no_wrap=name != "operation", justify="left" if text else "right")
    shown = {row.operation for row in rows}
    for row in rows:
        table.add_row(in_tree(row.operation, shown), *row.cells, style=None if row.holding == row.kills else "red")
    table.add_section()
    table.add_row("all", *total(rows).cells, style="bold")
    console.print(table)
    for verdict in sweep.verdicts:
        if not verdict.holds:
            say(console, f"does not hold: {verdict.point.name}: {'; '.join(reasons(verdict))}", style="red")


def in_tree(path: str, shown: Container[str]) -> str:
    """The operation set in below the nearest one above it that is shown, named from there."""
    parts = path.split("/")
    above = next((depth for depth in range(len(parts) - 1, 0, -1) if "/".join(parts[:depth]) in shown), 0)
    return " " * above + "/".join(parts[above:])


def closing_line(sweeps: Sequence[Sweep], seconds: float) -> str:
    """The sweeps in one sentence."""
    verdicts = [verdict for sweep in sweeps for verdict in sweep.verdicts]
    all_ = total(rows_of(verdicts))
    return (
        f"{all_.holding} of {all_.kills} kill points hold ({sum(len(sweep.points) for sweep in sweeps)} known): "
        f"{all_.repeated_completed} completed calls repeated, {all_.kept} kept, "
        f"{all_.repeated_in_flight} in-flight calls made once more, {notices_repeated(verdicts)} of them notices; "
        f"{all_.results_identical} results and {all_.ledgers_identical} ledgers identical; {seconds:.0f} s"
    )


def reasons(verdict: Verdict) -> list[str]:
    """Why a point does not hold, in words; empty for one that does."""
    found = [] if verdict.new_process else ["no process was killed and followed by another"]
    found += [] if verdict.met else [f"the kill missed its moment: {verdict.point.call}"]
    found += [f"completed call repeated: {call}" for call in verdict.repeated_completed]
    found += [f"call made more than twice: {call}" for call in verdict.repeated_too_often]
    found += [f"call never seen: {call}" for call in verdict.not_made]
    found += [f"asked more than once: {review}" for review in verdict.asked_again]
    found += [f"differs from the undisturbed run: {place}" for place in verdict.differences]
    return found + ([verdict.failure] if verdict.failure else [])


def _summary(result: dict[str, Any]) -> dict[str, Any]:
    """What an undisturbed run took, and what it may cite."""
    usage, cited = result["usage"], result.get("citations")
    spent = {name: usage[name] for name in ("model_calls", "tool_calls", "cost_usd") if name in usage}
    if cited is None:
        return spent
    return spent | {
        "sources": len(result["sources"]), "verified": cited["verified"], "dropped": len(cited["dropped"])
    }  # fmt: skip


def _row(path: str, verdicts: list[Verdict]) -> Row:
    return Row(
        operation=path,
        kills=len(verdicts),
        kept=sum(len(verdict.completed) - len(verdict.repeated_completed) for verdict in verdicts),
        repeated_completed=sum(len(verdict.repeated_completed) for verdict in verdicts),
        repeated_in_flight=sum(len(verdict.repeated_in_flight) for verdict in verdicts),
        results_identical=sum(verdict.result_identical for verdict in verdicts),
        ledgers_identical=sum(verdict.ledger_identical for verdict in verdicts),
        holding=sum(verdict.holds for verdict in verdicts),
    )


def _point(verdict: Verdict) -> dict[str, Any]:
    point = verdict.point
    return {
        "name": point.name,
        "operation": point.path,
        "type": point.type,
        "action": point.action,
        "moment": point.moment,
        "holds": verdict.holds,
        "killed_pid": verdict.killed_pid,
        "pids": verdict.pids,
        "completed_calls": verdict.completed,
        "completed_calls_repeated": verdict.repeated_completed,
        "in_flight_calls_repeated": verdict.repeated_in_flight,
        "result_identical": verdict.result_identical,
        "ledger_identical": verdict.ledger_identical,
        "reasons": reasons(verdict),
        "seconds": round(verdict.seconds, 1),
    }
