"""The command line of scripts/bench.py: measure, then table, JSON, page."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from scripts.bench.catalogue import BENCHMARKS
from scripts.bench.machine import machine, today, versions
from scripts.bench.report import show, write
from scripts.bench.row import Asked, Benchmark, NotMeasured, Row
from scripts.console.command_line import whole_number
from scripts.console.ending import ended
from scripts.console.marked_block import NoPlace
from scripts.cost_model.designs import RunFailed
from scripts.local_aws.processes.child import REPOSITORY, ChildDied

PAGE = REPOSITORY / "docs" / "benchmarks.md"
WIDTH = 200
EPILOG = (
    "exit: 0 all measured, 1 one could not be, 2 bad usage; a missed target is shown, not an error. "
    f"benchmarks: {', '.join(b.name for b in BENCHMARKS if not b.slow)}; with --slow also "
    f"{', '.join(b.name for b in BENCHMARKS if b.slow)}"
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    return ended("bench", lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    told = Console(stderr=True)
    rows: list[Row] = []
    failed = False
    for benchmark in _chosen(options):
        try:
            with told.status(f"measuring: {benchmark.name}"):
                rows += _measured(benchmark, options.repeat)
        except (NotMeasured, RunFailed, ChildDied, OSError, subprocess.TimeoutExpired) as failure:
            failed = True
            print(f"bench: {benchmark.name} was not measured: {failure}", file=sys.stderr)
    try:
        _tell(rows, options)
    except (NoPlace, OSError) as refused:
        print(f"bench: {refused}", file=sys.stderr)
        failed = True
    return int(failed)


def _measured(benchmark: Benchmark, repeat: int) -> Iterator[Row]:
    with TemporaryDirectory(prefix="bench-") as scratch:
        yield from benchmark.measure(Asked(repeat, Path(scratch)))


def _tell(rows: Sequence[Row], options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(_document(rows), indent=2))
    else:
        show(rows, Console(width=None if sys.stdout.isatty() else WIDTH))
    if options.write:
        write(rows, PAGE, {benchmark.name: place for place, benchmark in enumerate(BENCHMARKS)})


def _document(rows: Sequence[Row]) -> dict[str, object]:
    return {
        "measured_on": today(),
        "machine": machine(),
        "load_average": round(os.getloadavg()[0], 2),
        "versions": versions(),
        "rows": [asdict(row) | {"met": row.met} for row in rows],
    }


def _chosen(options: argparse.Namespace) -> Iterator[Benchmark]:
    for benchmark in BENCHMARKS:
        if benchmark.name in options.only or (not options.only and (options.slow or not benchmark.slow)):
            yield benchmark


def _parser() -> argparse.ArgumentParser:
    names = [benchmark.name for benchmark in BENCHMARKS]
    parser = argparse.ArgumentParser(
        prog="scripts/bench.py", description="Measures speed, memory, sizes and counts on this machine.", epilog=EPILOG
    )
    parser.add_argument(
        "--only", action="append", choices=names, default=[], metavar="NAME", help="this one; may be given again"
    )
    parser.add_argument("--slow", action="store_true", help="also those that take minutes")
    parser.add_argument(
        "--repeat", type=whole_number(1, 100), default=3, metavar="N", help="measure N times, report the least: 3"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout instead of the table")
    parser.add_argument("--write", action="store_true", help="also update these rows in docs/benchmarks.md")
    return parser
