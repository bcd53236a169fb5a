"""The command line of scripts/cost_model.py: measure, then table, JSON, picture, page."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime

from rich.console import Console

from agent_workflow.agents import read_agents
from scripts.console.command_line import new_file
from scripts.console.ending import DONE, FAILED, ended
from scripts.console.marked_block import NoPlace
from scripts.cost_model.designs import RunFailed
from scripts.cost_model.findings import Findings
from scripts.cost_model.measure import measure
from scripts.cost_model.price_table import UnknownPrice, price_table, source
from scripts.cost_model.report import show, write
from scripts.cost_model.stories import PACKAGED
from scripts.local_aws.processes.child import REPOSITORY, ChildDied

PAGE = REPOSITORY / "docs" / "cost.md"
README = REPOSITORY / "README.md"
PICTURE = REPOSITORY / "docs" / "pictures" / "cost.png"
EPILOG = (
    "exit: 0 measured; 1 a run failed, or a ledger is not what Bedrock served; 2 bad usage. "
    "Takes about 20 seconds; nothing leaves this machine."
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    return ended("cost model", lambda: _run(options), (RunFailed, ChildDied, UnknownPrice, NoPlace, OSError))


def _run(options: argparse.Namespace) -> int:
    findings = _measured(Console(stderr=True))
    if options.json:
        print(json.dumps(findings.document(), indent=2))
    else:
        show(findings, Console(width=None if sys.stdout.isatty() else 160))
    _keep(findings, options)
    for line in findings.disagreements():
        print(f"cost model: {line}", file=sys.stderr)
    return DONE if findings.trusted() else FAILED


def _measured(told: Console) -> Findings:
    prices = price_table(agent.model for agent in read_agents(PACKAGED))
    with told.status("starting the scripted Bedrock endpoint") as status:
        rows = measure(prices, lambda what: status.update(f"running: {what}"))
    return Findings(rows, prices, source(), datetime.now(UTC).date())


def _keep(findings: Findings, options: argparse.Namespace) -> None:
    from scripts.cost_model.picture import draw

    if options.write:
        write(findings, PAGE, README)
    for file in filter(None, (options.picture, PICTURE if options.write else None)):
        draw(findings, file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/cost_model.py",
        description="What a failure costs without checkpoints, with a checkpoint per agent and with one per call, "
        "without and with a prompt cache: "
        "measured by running the workflow against a scripted Bedrock that fails on purpose.",
        epilog=EPILOG,
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout instead of the tables")
    parser.add_argument(
        "--picture", type=new_file(".png", ".svg"), metavar="FILE", help="also draw the bars into FILE (.png or .svg)"
    )
    parser.add_argument("--write", action="store_true", help="also update docs/cost.md, its picture and README.md")
    return parser
