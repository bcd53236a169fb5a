"""Agents folders with a flow of their own, in the place of the packaged one."""

import shutil
import textwrap
from pathlib import Path
from typing import Any

from tests.fakes import FakeModel

PACKAGED = Path(__file__).parents[2] / "lambda_src" / "agents" / "flow.py"


def with_packaged_flow(folder: Path) -> Path:
    """The agents folder, its agents now in the order of the packaged flow.py."""
    shutil.copy(PACKAGED, folder)
    return folder


def use_flow(pipeline: Any, folder: Path, flow: str, **models: FakeModel) -> None:
    """Agents named as `models`, each reading the query, and `flow` as their flow.py; without it, none."""
    (folder / "prompts").mkdir(parents=True)
    agents = ""
    for name in models:
        (folder / "prompts" / f"{name}.md").write_text(f"You are {name}.")
        agents += f'[[agents]]\nname = "{name}"\ninputs = ["query"]\nmodel = "a.model"\nmax_tokens = 10\n\n'
    (folder / "agents.toml").write_text(agents)
    if flow:
        (folder / "flow.py").write_text(textwrap.dedent(flow))
    pipeline.set_environment(AGENTS_FOLDER=str(folder))
    pipeline.models = models
