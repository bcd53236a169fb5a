"""The command line of scripts/fuzz.py: three sweeps, one table."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis.errors import HypothesisWarning
from rich import box
from rich.console import Console
from rich.table import Table

from scripts.console.command_line import whole_number
from scripts.console.ending import DONE, FAILED, ended
from scripts.fuzz.declarations import DECLARATIONS, end_of_declaration, folder_with_prompts
from scripts.fuzz.events import EVENTS, end_of_event
from scripts.fuzz.streams import STREAMS, pipeline_on_streams
from scripts.fuzz.sweep import sweep

LONGEST_EXAMPLE = 600
EPILOG = (
    "exit: 0 every end was typed and no message held a text; 1 one did not, with the smallest example found; "
    "2 bad usage. The whole takes about three minutes; the same seed gives the same examples."
)
Ends = dict[str, Counter[str]]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    logging.disable(logging.CRITICAL)  # thousands of refusals are what is wanted here
    warnings.simplefilter("ignore", HypothesisWarning)  # it warns of the large examples that are meant to be large
    return ended("fuzz", lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    ends: Ends = {}
    try:
        for kind, counted in _sweeps(options):
            ends[kind] = counted
    except Exception as broken:  # noqa: BLE001 - whatever the function let out is the finding
        for found in getattr(broken, "exceptions", (broken,)):
            example = "\n".join(getattr(found, "__notes__", ()))[:LONGEST_EXAMPLE]
            print(f"fuzz: {type(found).__name__}: {str(found)[:LONGEST_EXAMPLE]}\n{example}", file=sys.stderr)
        return FAILED
    _tell(ends, as_json=options.json)
    return DONE


def _sweeps(options: argparse.Namespace) -> Iterator[tuple[str, Counter[str]]]:
    told = Console(stderr=True)
    if options.events:
        told.print(f"fuzz: {options.events:,} events", highlight=False)
        yield "events", sweep(EVENTS, end_of_event, options.events, options.seed)
    if options.declarations:
        told.print(f"fuzz: {options.declarations:,} declarations", highlight=False)
        with TemporaryDirectory(prefix="fuzz-") as scratch:
            end = end_of_declaration(folder_with_prompts(Path(scratch)))
            yield "declarations", sweep(DECLARATIONS, end, options.declarations, options.seed)
    if options.streams:
        told.print(f"fuzz: {options.streams:,} streams of frames", highlight=False)
        with pipeline_on_streams() as end_of_stream:
            yield "streams", sweep(STREAMS, end_of_stream, options.streams, options.seed)


def _tell(ends: Ends, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(ends, indent=2))
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("thrown", "examples", "end", "seen"):
        table.add_column(column, justify="right" if column in {"examples", "seen"} else "left")
    for kind, counted in ends.items():
        for place, (end, seen) in enumerate(counted.most_common()):
            total = f"{counted.total():,}" if place == 0 else ""
            table.add_row(kind if place == 0 else "", total, end, f"{seen:,}")
    Console().print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz.py",
        description="Throw random events, agents.toml files and model streams at the function: every end must be "
        "typed, and no text that was thrown may stand in a message.",
        epilog=EPILOG,
    )
    for kind, count in (("events", 30_000), ("declarations", 16_000), ("streams", 200)):
        parser.add_argument(
            f"--{kind}", type=whole_number(), default=count, metavar="N", help=f"how many; default {count:,}"
        )
    parser.add_argument("--seed", type=whole_number(), default=1, metavar="N", help="of the examples; default 1")
    parser.add_argument("--json", action="store_true", help="the counts as one JSON document on stdout")
    return parser
