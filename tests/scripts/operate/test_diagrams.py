"""The flow of an agents folder, drawn; AWS is asked nothing."""

import json
import shutil

import pytest

from infra.durable_agent_pipeline.agents.flow_bounds import diagram
from scripts.console.declared_agents import PACKAGED_AGENTS


def test_the_packaged_flow_is_drawn_to_stdout_and_its_worst_case_said_beside(account, run):
    status, out, errors = run("diagram")
    assert (status, out) == (0, diagram(PACKAGED_AGENTS).strip() + "\n")
    assert "operations" in errors
    assert account.calls == []


def test_it_goes_to_a_file_or_into_a_document(run, tmp_path):
    file = tmp_path / "flow.mmd"
    status, out, _ = run("diagram", "--output", str(file), "--json")
    assert (status, json.loads(out)["diagram"] + "\n") == (0, file.read_text())


@pytest.mark.parametrize(
    ("flow", "ending"),
    [
        (None, (2, "must be a folder with agents.toml")),
        ("def run(flow, request):\n    flow.ask('nobody')\n", (1, "nobody")),
    ],
)
def test_fails_when_there_is_nothing_to_draw(run, three_agents, tmp_path, flow, ending):
    if flow is not None:
        shutil.copytree(three_agents, tmp_path, dirs_exist_ok=True)
        (tmp_path / "flow.py").write_text(flow)
    status, out, errors = run("diagram", "--agents", str(tmp_path))
    assert (status, out) == (ending[0], "")
    assert ending[1] in errors
    assert len(errors.splitlines()) == 1
