"""Writes what a crash drill showed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from scripts.console.sentence import say
from scripts.run_local.savings import Drill


def write_drill(console: Console, drill: Drill | None, agent: str, usage: Mapping[str, Any] | None) -> None:
    """What was killed, what went on, what was not paid again."""
    console.print()
    if drill is None:
        say(console, f"Crash drill: {agent} was never checkpointed, so nothing was killed.")
        return
    say(console, f"Crash drill: process {drill.killed_pid} was killed (SIGKILL) after {drill.operation}'s checkpoint.")
    if drill.resumed_pid is None:
        say(console, "No process resumed the execution.")
        return
    say(console, f"Process {drill.resumed_pid} resumed the execution {drill.pause_seconds:.1f} s later.")
    saved_usd = (usage or {}).get("saved_usd")
    repeated = sum(drill.repeated_calls.values())
    say(console, f"{', '.join(drill.repeated_calls)}: replayed from checkpoints, {repeated} model calls.")
    say(
        console,
        f"Saved by checkpoints: {drill.saved_calls} model calls, {drill.saved_input_tokens:,} input and "
        f"{drill.saved_output_tokens:,} output tokens, {drill.saved_seconds:.1f} s of waiting for the model"
        + (f", {float(saved_usd):.6f} USD." if saved_usd else "."),
    )
