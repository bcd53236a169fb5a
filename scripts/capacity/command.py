"""The command line of scripts/capacity.py: a quota and the declared agents, or a result, to executions an hour."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from scripts.capacity.reckoning import Assumed, Capacity, Tokens, capacities, declared, measured
from scripts.console.command_line import whole_number
from scripts.console.declared_agents import LAMBDA_SRC, PACKAGED_AGENTS
from scripts.console.ending import ended

if TYPE_CHECKING:
    from agent_workflow.declaration import Declaration

BAD_USAGE = 2
MOST = 10**9
TOKENS = whole_number(1, MOST)


class Unusable(ValueError):
    """What was given cannot be reckoned with; the message is one line."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    return ended("capacity", lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    try:
        found = _capacities(options)
    except (Unusable, ValueError, OSError) as refused:
        print(f"capacity: {refused}", file=sys.stderr)
        return BAD_USAGE
    if options.json:
        print(json.dumps({"models": [asdict(each) for each in found]}, indent=2))
    else:
        _show(found, options)
    return 0


def _capacities(options: argparse.Namespace) -> list[Capacity]:
    if LAMBDA_SRC not in sys.path:
        sys.path.append(LAMBDA_SRC)
    from agent_workflow.declaration import read_declarations, read_prompt
    from durable_strands.limiter import output_weight

    agents = read_declarations(options.agents)
    runs = _pairs("--runs", options.runs, {agent.name for agent in agents})
    if options.result is not None:
        tokens = _measured(options.result, agents)
    else:
        assumed = Assumed(reply=options.reply, asking=options.asking, tool=options.tool, turns=options.turns, runs=runs)
        prompts = {agent.name: read_prompt(options.agents, agent.name) for agent in agents}
        tokens = declared(agents, prompts, assumed)
    own = _pairs("--model", options.model, set(tokens))
    quotas = {model: own.get(model, options.tokens_per_minute) for model in tokens}
    return capacities(tokens, quotas, {model: output_weight(model) for model in tokens})


def _measured(file: Path, agents: Sequence[Declaration]) -> dict[str, Tokens]:
    try:
        result = json.loads(file.read_text(encoding="utf-8"))
        return measured(result["usage"], agents)
    except (KeyError, TypeError, AttributeError, ValueError) as broken:
        raise Unusable(f"--result must be the result of an execution, as JSON, got {file}: {broken}") from None


def _pairs(option: str, given: list[str], known: set[str]) -> dict[str, int]:
    """NAME=NUMBER, by name."""
    pairs = {}
    for text in given:
        name, _, number = text.rpartition("=")
        if name not in known or not number.isdigit() or not 1 <= int(number) <= MOST:
            raise Unusable(f"{option} must be NAME=NUMBER with NAME one of {', '.join(sorted(known))}, got {text!r}")
        pairs[name] = int(number)
    return pairs


def _show(found: list[Capacity], options: argparse.Namespace) -> None:
    table = Table(title="what the quota carries, the scarcest model first", title_justify="left")
    for column in ("model", "calls", "input", "output", "of the quota", "executions an hour", "calls at once"):
        table.add_column(column, justify="left" if column == "model" else "right", overflow="fold")
    for each in found:
        numbers = (each.tokens.calls, each.tokens.input, each.tokens.output, each.quota)
        cells = (*numbers, int(each.executions_per_hour), each.calls_at_once)
        table.add_row(each.model, *(f"{cell:,}" for cell in cells))
    console = Console()
    console.print(table)
    if options.result is None:
        console.print(
            f"assumed: answers of {options.reply:,} tokens, {options.turns} turns of agents with tools, each with a "
            f"result of {options.tool:,}; --result FILE reckons with an execution that ran"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/capacity.py",
        description="How many executions an hour a Bedrock quota of tokens a minute carries, by the declared agents.",
        epilog="exit: 0 done, 2 bad usage. docs/throughput.md says how Bedrock counts",
    )
    parser.add_argument("tokens_per_minute", type=TOKENS, metavar="TOKENS", help="the quota of each model, a minute")
    parser.add_argument(
        "--model", action="append", default=[], metavar="ID=TOKENS", help="another quota for a model; may be repeated"
    )
    parser.add_argument(
        "--agents", type=Path, default=PACKAGED_AGENTS, metavar="FOLDER", help="of agents.toml: the packaged one"
    )
    parser.add_argument("--result", type=Path, metavar="FILE", help="reckon with the usage in this result instead")
    parser.add_argument(
        "--runs", action="append", default=[], metavar="AGENT=N", help="runs of an agent in an execution: 1"
    )
    parser.add_argument("--reply", type=TOKENS, default=1000, metavar="N", help="tokens of an answer: 1000")
    parser.add_argument("--asking", type=TOKENS, default=100, metavar="N", help="of a reply that asks for a tool: 100")
    parser.add_argument("--tool", type=TOKENS, default=2000, metavar="N", help="of a tool's result: 2000")
    parser.add_argument("--turns", type=TOKENS, default=4, metavar="N", help="calls of an agent with tools: 4")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout instead of the table")
    return parser
