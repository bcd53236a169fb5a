"""The command line of scripts/rehearse.py: options, progress, exit status."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from scripts.console.ending import DONE, FAILED, ended
from scripts.local_aws.account.failure import DeploymentFailed
from scripts.local_aws.cloudwatch.metrics import Datum
from scripts.local_aws.processes.callers_profile import forget_profile
from scripts.local_aws.processes.child import ChildDied
from scripts.rehearse.causes import SCENARIOS
from scripts.rehearse.history import kept
from scripts.rehearse.rehearsal import Rehearsal
from scripts.rehearse.report import closing_line, document, table
from scripts.rehearse.scenario import Outcome, Scenario
from scripts.rehearse.stage import NeverCame, Stage
from scripts.rehearse.synthesized import OPERATIONS, SLOW_SECONDS, SPEND_PER_HOUR_USD, STORAGE_BYTES, synthesized

ALL = "all"
NAMES = [scenario.name for scenario in SCENARIOS]
COLUMNS = "120"  # of the runbook's commands, whose output is searched


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    return ended(
        "rehearse", lambda: _run(options), (ChildDied, DeploymentFailed, NeverCame, BotoCoreError, ClientError)
    )


def _run(options: argparse.Namespace) -> int:
    forget_profile()
    os.environ["COLUMNS"] = COLUMNS
    began = time.monotonic()
    chosen = [scenario for scenario in SCENARIOS if options.scenario in (ALL, scenario.name)]
    folder = Path(tempfile.mkdtemp(prefix="rehearse-"))
    outcomes, history = _rehearsed(chosen, folder)
    seconds = time.monotonic() - began
    if options.metrics:
        options.metrics.write_text(kept(history, outcomes), encoding="utf-8")
    if options.json:
        print(json.dumps(document(outcomes, seconds), indent=2))
    else:
        Console().print(table(outcomes))
        print(closing_line(outcomes, seconds))
    for outcome in outcomes:
        for reason in outcome.reasons:
            print(f"does not hold: {outcome.scenario.name}: {reason}", file=sys.stderr)
    if any(outcome.reasons for outcome in outcomes):
        print(f"rehearse: what the processes wrote is kept in {folder}", file=sys.stderr)
        return FAILED
    shutil.rmtree(folder, ignore_errors=True)
    return DONE


def _rehearsed(chosen: Sequence[Scenario], folder: Path) -> tuple[list[Outcome], list[Datum]]:
    columns = (BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    console = Console(stderr=True)
    outcomes: list[Outcome] = []
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("synthesizing, starting the local stack", total=len(chosen))
        made = synthesized()
        with Stage(folder, made) as stage:
            rehearsal = Rehearsal(stage, made.alarms())
            rehearsal.prepare(chosen)
            for scenario in chosen:
                bar.update(task, description=f"{scenario.name}: {scenario.cause}")
                outcomes.append(rehearsal.rehearse(scenario))
                bar.advance(task)
                if not console.is_terminal:
                    done = f"{len(outcomes)} of {len(chosen)}"
                    console.print(f"rehearse: {done}: {scenario.name}, {outcomes[-1].seconds:.0f} s", highlight=False)
    return outcomes, rehearsal.history


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/rehearse.py",
        description="Provoke the cause of an alarm on the local stack, let the synthesized alarms judge the metrics of "
        "what really happened, deliver the message to a subscriber, and follow the runbook until one of its commands "
        "names the cause. An alarm that does not ring fails the rehearsal, and so does one that should not. Needs no "
        "AWS account; periods are not waited for. Changed thresholds: "
        f"Slow {SLOW_SECONDS} s, Operations {OPERATIONS}, Storage {STORAGE_BYTES // 1_000_000} MB, "
        f"Spend {SPEND_PER_HOUR_USD} USD.",
        epilog="exit: 0 every rehearsal holds; 1 one does not, and why; 2 bad usage. All of them take about two "
        "minutes on two quiet cores.",
    )
    parser.add_argument(
        "scenario",
        choices=[ALL, *NAMES],
        metavar="SCENARIO",
        help=f"{ALL}, Healthy, or an alarm: {', '.join(NAMES[1:])}",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, progress on stderr")
    parser.add_argument(
        "--metrics", type=Path, metavar="FILE", help="also write what was measured, for scripts/preview_dashboard.py"
    )
    return parser
