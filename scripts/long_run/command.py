"""The command line of scripts/long_run.py."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.console.command_line import whole_number
from scripts.console.ending import DONE, FAILED, ended
from scripts.long_run.run import Seen, long_run

EPILOG = (
    "exit: 0 one result, one ledger, nothing repeated; 1 something did not hold, or the stack ended; 2 bad usage. "
    "260 rounds are more than 10,000 operations and take about half an hour on two busy cores."
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/long_run.py",
        description="Runs one execution of thousands of operations on the local stack. It goes on in a new execution "
        "whenever it has no room left, and its process is killed each time.",
        epilog=EPILOG,
    )
    parser.add_argument("--rounds", type=whole_number(1), default=260, metavar="N", help="of the flow (default 260)")
    parser.add_argument(
        "--room", type=whole_number(1), metavar="N", help="operations after which it hands over (default: as deployed)"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the stack's files there (default: nowhere)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args(arguments)
    return ended("long run", lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    with TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        seen = long_run(
            folder, rounds=options.rounds, room=options.room, tell=lambda line: print(line, file=sys.stderr)
        )
    broken = list(seen.broken())
    print(json.dumps({**_figures(seen), "broken": broken}) if options.json else "\n".join(_lines(seen)))
    for each in broken:
        print(f"long run: {each}", file=sys.stderr)
    return FAILED if broken else DONE


def _figures(seen: Seen) -> dict[str, object]:
    usage = seen.result.get("usage", {})
    return {
        "operations": seen.operations,
        "largest_execution": seen.largest,
        "executions": seen.executions,
        "kills": seen.kills,
        "processes": seen.processes,
        "model_calls": seen.calls,
        "model_calls_repeated": seen.calls - seen.wanted_calls,
        "tool_calls_repeated": seen.tools - seen.wanted_tools,
        "cost_usd": usage.get("cost_usd"),
        "seconds": round(seen.seconds),
    }


def _lines(seen: Seen) -> list[str]:
    return [f"{name.replace('_', ' '):22} {value}" for name, value in _figures(seen).items()]
