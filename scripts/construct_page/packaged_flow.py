"""The diagrams of flows that pages show, and the worst case of the packaged one, as synth finds them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from infra.durable_agent_pipeline.agents.flow_bounds import bounds, diagram
from infra.durable_agent_pipeline.agents.flow_notes import table
from infra.durable_agent_pipeline.names import AGENTS_FOLDER
from infra.durable_agent_pipeline.package.lambda_source import lambda_source

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- printed by scripts/construct_page.py --write, from the flow -->", "<!-- end of the flow -->"


def blocks() -> Iterator[tuple[Path, str]]:
    """Each page with what stands between its marks."""
    folder = lambda_source() / AGENTS_FOLDER
    drawn = f"```mermaid\n{diagram(folder)}\n```"
    code = _without_types((folder / "flow.py").read_text(encoding="utf-8").partition("\n\n\n")[2].rstrip())
    yield ROOT / "README.md", f"```python\n{code}\n```\n\n{drawn}"
    own = ROOT / "docs" / "examples" / "own_flow"
    yield own / "README.md", f"```mermaid\n{diagram(own / 'agents')}\n```"
    yield ROOT / "docs" / "flow.md", f"{drawn}\n\n```text\n{table(bounds(folder))}\n```"


def _without_types(code: str) -> str:
    return re.sub(r": (Any|str)(?=[,)])| -> [^:]+(?=:\n)", "", code)
