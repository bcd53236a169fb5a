"""The commands that only look: list, show, watch, report."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.live import Live

from scripts.console.ending import DONE, FAILED
from scripts.console.report import report_text, write_report
from scripts.operate import shown
from scripts.operate.endings import Refused, Unusable
from scripts.operate.executions import STATUSES, Summary, details, find, listed, versions
from scripts.operate.history import SUCCEEDED, Event, Operation
from scripts.operate.output import console, moment, table, write_file, write_json
from scripts.operate.place import Place
from scripts.operate.reading import Execution
from scripts.operate.verdict import duration

LOOK_SECONDS = 1.0
"""Between two looks: four calls a second less than Lambda allows for a history."""

Wanted = Annotated[str, typer.Argument(metavar="EXECUTION", help="its name, the beginning of it, or its ARN")]


def list_executions(
    place: Place,
    *,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="only names that contain it")] = "",
    status: Annotated[
        list[str] | None,
        typer.Option(metavar="STATUS", help="only of this status; may be repeated", autocompletion=lambda: STATUSES),
    ] = None,
    since: Annotated[
        str, typer.Option(metavar="WHEN", help="started after: 30m, 6h, 7d, or a date and time in UTC")
    ] = "",
    until: Annotated[str, typer.Option(metavar="WHEN", help="started before, likewise")] = "",
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="most rows")] = 20,
    every_version: Annotated[
        bool, typer.Option("--all-versions", help="older versions too, not only the alias'")
    ] = False,
) -> None:
    """Show executions, newest first."""
    found = listed(
        place,
        statuses=_statuses(status),
        after=_when(since),
        before=_when(until),
        qualifiers=versions(place) if every_version else (),
    )
    rows = list(islice((one for one in found if text in one["DurableExecutionName"]), limit + 1))
    shown_rows, more = rows[:limit], len(rows) > limit
    if place.as_json:
        write_json({"executions": [_summary(row) for row in shown_rows], "more": more})
        return
    out = console()
    if not rows:
        out.print("no execution is like that", markup=False)
        return
    out.print(table(("name", "status", "started (UTC)", "took"), map(_cells, shown_rows), right=frozenset({"took"})))
    if more:
        print(f"and more: --limit {10 * limit}, or less of them by --status, --since or TEXT")


def show(
    place: Place,
    *,
    execution: Wanted,
    every: Annotated[bool, typer.Option("--all", help="every operation, long rows of them too")] = False,
) -> None:
    """Say what is wrong with an execution, what to do next.

    And every operation of it: how long, how many tries, tokens, USD.
    """
    read = Execution.read(place, find(place, execution))
    if place.as_json:
        write_json(shown.document(read))
    else:
        shown.write(console(), read, every=every)


def watch(place: Place, *, execution: Wanted) -> int:
    """Follow an execution until it ends.

    Or until Ctrl-C: it goes on without a watcher.
    """
    return follow(place, Execution.read(place, find(place, execution)))


def report(
    place: Place,
    *,
    execution: Wanted,
    output: Annotated[Path | None, typer.Option(metavar="FILE.md", help="write it to this file")] = None,
) -> None:
    """Print the report that an execution wrote, as Markdown."""
    found = details(place, find(place, execution))
    result = result_of(found)
    if output is not None:
        write_file(output, report_text(result) + "\n")
    if place.as_json:
        write_json({"name": found["DurableExecutionName"], "report": report_text(result)})
    elif output is None:
        write_report(console(), result)
    else:
        print(f"the report is in {output}", file=sys.stderr)


def follow(place: Place, execution: Execution) -> int:
    """Show an execution until it ends; the exit status says how."""
    out = console()
    if place.as_json or not out.is_terminal:
        _follow_in_lines(place, execution)
    else:
        with Live(console=out, auto_refresh=False, transient=True) as live:
            live.update(shown.page(execution), refresh=True)
            for _ in _looks(execution):
                live.update(shown.page(execution), refresh=True)
    if place.as_json:
        write_json(shown.document(execution))
    else:
        shown.write(out, execution)
    return DONE if execution.status == "SUCCEEDED" else FAILED


def wait(execution: Execution) -> None:
    """Return when it has ended, without a word."""
    for _ in _looks(execution):
        pass


def result_of(found: Mapping[str, Any]) -> Any:
    """What an execution returned.

    Raises:
        Refused: it has returned nothing, or its result lies in a bucket.
    """
    name, status = found["DurableExecutionName"], found["Status"]
    if status == "RUNNING":
        raise Refused(f"{name} still runs: scripts/pipeline watch {name}")
    if status != "SUCCEEDED":
        raise Refused(f"{name} ended as {status}, it made no report: scripts/pipeline show {name}")
    result = json.loads(found.get("Result") or "null")
    if isinstance(result, dict) and (stored := result.get("stored")):
        raise Refused(
            f"the result is too large to be returned: aws s3 cp s3://{stored['bucket']}/{stored['key']} result.json"
        )
    return result


def _looks(execution: Execution) -> Iterator[list[tuple[Event, Operation]]]:
    while not execution.is_over:
        time.sleep(LOOK_SECONDS)
        yield execution.refresh()


def _follow_in_lines(place: Place, execution: Execution) -> None:
    out = sys.stderr if place.as_json else sys.stdout
    for news in _looks(execution):
        for event, operation in news:
            took = operation.seconds(event["EventTimestamp"]) if operation.status == SUCCEEDED else None
            after = f" after {duration(took)}" if took is not None else ""
            print(
                f"{moment(event['EventTimestamp'])}  {operation.name}: {operation.status}{after}", file=out, flush=True
            )


def _statuses(given: list[str] | None) -> tuple[str, ...]:
    wanted = tuple(status.upper().replace("-", "_") for status in given or ())
    for status in wanted:
        if status not in STATUSES:
            raise Unusable(f"--status must be one of {', '.join(STATUSES)}, got {status!r}")
    return wanted


def _when(text: str) -> datetime | None:
    units = {"m": "minutes", "h": "hours", "d": "days"}
    if not text:
        return None
    if text[:-1].isdigit() and text[-1] in units:
        return datetime.now(UTC) - timedelta(**{units[text[-1]]: int(text[:-1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Unusable(f"WHEN must be like 30m, 6h, 7d or 2026-11-24T03:00, got {text!r}") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _cells(row: Summary) -> tuple[str, ...]:
    ended = row.get("EndTimestamp")
    took = duration(((ended or datetime.now(UTC)) - row["StartTimestamp"]).total_seconds())
    return row["DurableExecutionName"], row["Status"], moment(row["StartTimestamp"]), took


def _summary(row: Summary) -> dict[str, Any]:
    return {
        "name": row["DurableExecutionName"],
        "arn": row["DurableExecutionArn"],
        "status": row["Status"],
        "started": row["StartTimestamp"],
        "ended": row.get("EndTimestamp"),
    }
