"""The command line of scripts/fault_catalogue.py: options, progress, exit status."""

from __future__ import annotations

import argparse
import json
import sys
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from scripts.console.command_line import whole_number
from scripts.console.ending import DONE, FAILED, ended
from scripts.console.marked_block import NoPlace
from scripts.fault_catalogue.catalogue import ENTRIES, sample
from scripts.fault_catalogue.report import closing_line, document, record
from scripts.fault_catalogue.run import Tried, tried
from scripts.local_aws.processes.callers_profile import forget_profile

EVERY = 100
"""Entries between two lines of progress where there is no terminal for a bar."""
EPILOG = (
    "exit: 0 every tried entry holds; 1 one does not, and why; 2 bad usage. The whole takes about five minutes on two "
    "cores. The table is in docs/faults.md."
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.record and options.sample is not None:
        parser.error("--record needs every entry, got --sample")
    return ended("fault catalogue", lambda: _run(options), (NoPlace, OSError))


def _run(options: argparse.Namespace) -> int:
    forget_profile()
    began = time.monotonic()
    results = _tried(sample(options.sample), options.jobs)
    seconds = time.monotonic() - began
    if options.json:
        print(json.dumps(document(results, seconds), indent=2))
    for result in results:
        for reason in result.reasons:
            print(f"does not hold: {result.entry.name}: {reason}", file=sys.stderr)
    if not options.json:
        print(closing_line(results, seconds))
    if options.record:
        record(results, seconds)
    return FAILED if any(result.reasons for result in results) else DONE


def _tried(numbers: tuple[int, ...], jobs: int) -> list[Tried]:
    columns = (BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    results: list[Tried] = []
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting", total=len(numbers))
        for result in tried(numbers, jobs):
            results.append(result)
            bar.update(task, advance=1, description=result.entry.family)
            if not console.is_terminal and len(results) % EVERY == 0:
                console.print(f"fault catalogue: {len(results)} of {len(numbers)}", highlight=False)
    return results


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/fault_catalogue.py",
        description=f"Inject one fault at a time into model, engine, bucket and tools, {len(ENTRIES)} in all, each in "
        "a new execution over real HTTP: how it ends, what it pays and what its ledger says must be as stated.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "--sample", type=whole_number(1), metavar="N", help="try N entries at even distances. Default: all"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, progress on stderr")
    parser.add_argument("--jobs", type=int, choices=(1, 2), default=2, help="processes at the same time. Default: 2")
    parser.add_argument("--record", action="store_true", help="write docs/faults.md; needs every entry")
    return parser
