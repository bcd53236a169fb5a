"""What synth says of a flow.py, without running it."""

from pathlib import Path

import pytest

from infra.durable_agent_pipeline.agents.declaration import read_agents
from tests.infra.agents.test_declaration import agents, one

FINE = {
    "asks": "def run(flow, request):\n    return flow.ask('writer')\n",
    "imports what only the Lambda has": "import numpy\ndef run(f, r, more=1):\n    return f.ask(numpy.x)\n",
    "asks another": "def run(flow, request):\n    request.ask('me')\n    return flow.ask('writer')\n",
    "is imported": "from tools import run\n",
    "is made": "run = make()\n",
    "may be anywhere": "from tools import *\n",
}
BROKEN = {
    "def run(flow, request) return": "flow.py must be Python",
    "x = 1": "must have a function run",
    "def walk(flow, request):\n    pass": "must have a function run",
    "def run(flow):\n    pass": "two arguments",
    "def run(flow, request, third):\n    pass": "two arguments",
    "async def run(flow, request):\n    pass": "plain function",
    "def run(flow, request):\n    return flow.ask('riter')": "got 'riter'",
    "def run(flow, request):\n    return [flow.ask_each('riter', [1, 2])]": "got 'riter'",
}


@pytest.mark.parametrize("code", FINE.values(), ids=FINE)
def test_a_flow_that_may_work_passes(tmp_path: Path, code: str):
    folder = agents(tmp_path, one())
    (folder / "flow.py").write_text(code)
    assert [agent.name for agent in read_agents(folder)] == ["writer"]


@pytest.mark.parametrize("code", BROKEN)
def test_a_flow_that_cannot_work_is_refused_at_synth(tmp_path: Path, code: str):
    folder = agents(tmp_path, one())
    (folder / "flow.py").write_text(code)
    with pytest.raises(ValueError, match=BROKEN[code]):
        read_agents(folder)
