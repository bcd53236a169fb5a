"""The command behind scripts/crash_lab.py: options, progress, what is written where, exit status."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from scripts.console.ending import DONE, FAILED, ended
from scripts.console.sentence import say
from scripts.crash_lab import redrives
from scripts.crash_lab.display import display_on
from scripts.crash_lab.record import record
from scripts.crash_lab.redrives import sweep_redrives
from scripts.crash_lab.report import closing_line, document, write_table
from scripts.crash_lab.scenarios import SCENARIOS
from scripts.crash_lab.scenarios.flow import FLOW
from scripts.crash_lab.scenarios.tools import TOOLS
from scripts.crash_lab.sweep import Sweep, Unusable, run_sweep
from scripts.local_aws.processes.callers_profile import forget_profile
from scripts.local_aws.processes.child import ChildDied

SUFFIXES = (".png", ".svg", ".pdf")
REDRIVEN = (TOOLS.name, FLOW.name)
"""Scenarios whose runs are redriven; the queries of a batch would be, each by itself."""


def main(arguments: list[str]) -> int:
    """Run the sweeps; returns 0 if every tried point holds, 1 if one does not or nothing could be tried."""
    options = _parser().parse_args(arguments)
    if options.record and (options.points is not None or options.scenario is not None):
        _parser().error("--record needs every point, got --points or --scenario")
    if options.redrive and (options.record or options.picture is not None or options.scenario not in (None, *REDRIVEN)):
        _parser().error(f"--redrive excludes --record and --picture, and knows the scenarios {', '.join(REDRIVEN)}")
    return ended("crash lab", lambda: _redrive(options) if options.redrive else _run(options))


def _redrive(options: argparse.Namespace) -> int:
    forget_profile()
    folder = Path(tempfile.mkdtemp(prefix="crash-lab-"))
    began = time.monotonic()
    chosen = [SCENARIOS[name] for name in REDRIVEN if options.scenario in (None, name)]
    try:
        sweeps = [sweep_redrives(folder, each, most=options.points, jobs=options.jobs) for each in chosen]
    except (ChildDied, Unusable) as error:
        return _fail(error, folder, as_json=options.json)
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    seconds = time.monotonic() - began
    if options.json:
        print(json.dumps(redrives.document(sweeps, seconds), indent=2))
    else:
        redrives.write_lines(sweeps, seconds, Console())
    return _ended(folder, holds=all(each.holds for sweep in sweeps for each in sweep.tried))


def _run(options: argparse.Namespace) -> int:
    forget_profile()
    folder = Path(tempfile.mkdtemp(prefix="crash-lab-"))
    began = time.monotonic()
    try:
        with display_on(Console(stderr=True)) as display:
            scenarios = [SCENARIOS[name] for name in SCENARIOS if options.scenario in (None, name)]
            sweeps = [
                run_sweep(folder, scenario, most=options.points, jobs=options.jobs, progress=display)
                for scenario in scenarios
            ]
    except (ChildDied, Unusable) as error:
        return _fail(error, folder, as_json=options.json)
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return _write(sweeps, time.monotonic() - began, options, folder)


def _write(sweeps: list[Sweep], seconds: float, options: argparse.Namespace, folder: Path) -> int:
    if options.json:
        print(json.dumps(document(sweeps, seconds), indent=2))
    else:
        console = Console()
        for sweep in sweeps:
            write_table(sweep, console)
        say(console, closing_line(sweeps, seconds))
    if options.picture is not None:
        from scripts.crash_lab.picture import draw

        for sweep in sweeps:
            draw(sweep, options.picture.with_stem(f"{options.picture.stem}-{sweep.scenario.name}"))
    if options.record:
        record(sweeps, seconds)
    return _ended(folder, holds=all(verdict.holds for sweep in sweeps for verdict in sweep.verdicts))


def _ended(folder: Path, *, holds: bool) -> int:
    if holds:
        shutil.rmtree(folder, ignore_errors=True)
        return DONE
    print(f"crash lab: what the processes wrote is kept in {folder}", file=sys.stderr)
    return FAILED


def _fail(error: Exception, folder: Path, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"error_type": type(error).__name__, "error_message": str(error)}))
    print(f"crash lab: {error}\nwhat the processes wrote is kept in {folder}", file=sys.stderr)
    return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/crash_lab.py",
        description="Kill the pipeline's process (SIGKILL) before, during and after every durable operation, each time "
        "in a new execution, and show that no completed call is made again. Needs no AWS account and no network.",
        epilog="exit: 0 every tried point holds; 1 one does not, or nothing could be tried; 2 bad usage. All points "
        "take about sixteen minutes on two quiet cores.",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout instead of the table")
    parser.add_argument("--scenario", choices=SCENARIOS, metavar="NAME", help=f"{', '.join(SCENARIOS)}. Default: all")
    parser.add_argument(
        "--points", type=_count, metavar="N", help="try N points of each scenario, at even distances. Default: all"
    )
    parser.add_argument("--jobs", type=int, choices=(1, 2), default=2, help="stacks at the same time. Default: 2")
    parser.add_argument(
        "--picture", type=_picture, metavar="FILE", help="draw each scenario: FILE-NAME.svg, .png or .pdf"
    )
    parser.add_argument(
        "--redrive",
        action="store_true",
        help="kill nothing: redrive an undisturbed run from each of its operations; no call before it is made again",
    )
    parser.add_argument("--record", action="store_true", help="write the figures and the pictures into docs/")
    return parser


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, got {text!r}")
    return int(text)


def _picture(text: str) -> Path:
    path = Path(text)
    if path.suffix not in SUFFIXES or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(
            f"must end in {', '.join(SUFFIXES)} and lie in a folder that exists, got {text!r}"
        )
    return path
