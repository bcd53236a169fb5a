"""The diagram of the packaged flow in README.md, and with its worst case in docs/flow.md, as synth finds them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from infra.durable_agent_pipeline.agents.flow_bounds import bounds, diagram
from infra.durable_agent_pipeline.agents.flow_notes import table
from infra.durable_agent_pipeline.names import AGENTS_FOLDER
from infra.durable_agent_pipeline.package.lambda_source import lambda_source

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- printed by scripts/construct_page.py --write, from the packaged flow -->", "<!-- end of the flow -->"


def blocks() -> Iterator[tuple[Path, str]]:
    """Each page with what stands between its marks."""
    folder = lambda_source() / AGENTS_FOLDER
    drawn = f"```mermaid\n{diagram(folder)}\n```"
    yield ROOT / "README.md", drawn
    yield ROOT / "docs" / "flow.md", f"{drawn}\n\n```text\n{table(bounds(folder))}\n```"
