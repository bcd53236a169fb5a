"""The command diagram: the flow of an agents folder as Mermaid, drawn by running it without a model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from scripts.console.declared_agents import PACKAGED_AGENTS
from scripts.operate.endings import Refused, Unusable
from scripts.operate.output import write_file, write_json
from scripts.operate.place import Place


def diagram(
    place: Place,
    *,
    agents: Annotated[
        Path, typer.Option(metavar="FOLDER", help="with agents.toml and maybe flow.py", show_default=False)
    ] = PACKAGED_AGENTS,
    output: Annotated[Path | None, typer.Option(metavar="FILE.mmd", help="write it to this file")] = None,
) -> None:
    """Draw the flow as Mermaid, and say its worst case.

    Of the packaged agents, or of your own folder. It runs the flow without a model, and asks nothing of AWS.
    """
    drawn, worst = _drawn(agents)
    if output is not None:
        write_file(output, drawn + "\n")
    if place.as_json:
        write_json({"diagram": drawn, "worst_case": worst})
        return
    if output is None:
        print(drawn)
    print(worst, file=sys.stderr)


def _drawn(agents: Path) -> tuple[str, str]:
    if not (agents / "agents.toml").is_file():
        raise Unusable(f"--agents {agents} must be a folder with agents.toml, got none")
    from infra.durable_agent_pipeline.agents import flow_bounds, flow_notes  # loads the CDK, which takes seconds

    try:
        return flow_bounds.diagram(agents).strip(), flow_notes.table(flow_bounds.bounds(agents))
    except ValueError as refused:
        raise Refused(f"{agents} cannot be drawn: {' '.join(str(refused).split())}") from None
    except flow_bounds.FlowNotRecorded as failed:
        raise Refused(f"{agents} could not be run: {failed}") from None
