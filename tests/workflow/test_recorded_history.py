"""An author's own flow: its history is kept, replayed, and refuses a change that would break executions in flight."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent_workflow.flow_module import load_flow
from scripts.record_history.command import main
from tests.fakes import FakeModel
from tests.workflow.flows import use_flow

FLOW = """
    def run(flow, request):
        at = flow.step("clock", lambda: {"now": "the private moment"})
        draft = flow.ask("writer", at=at)
        flow.wait("overnight", 60)
        return flow.ask("editor", draft=draft)
    """
TEXTS = ("my private question", "a private draft", "a private report", "the private moment")


def test_a_history_is_kept_without_its_texts_and_tells_a_breaking_change_from_a_harmless_one(
    pipeline: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = tmp_path / "own"
    use_flow(pipeline, folder, FLOW, writer=FakeModel(TEXTS[1]), editor=FakeModel(TEXTS[2]))
    pipeline.result({"query": TEXTS[0]})
    source, kept = tmp_path / "history.json", tmp_path / "golden.json"
    source.write_text(json.dumps({"Events": pipeline.events}, default=str))
    assert main(["--record", str(source), "--agents", str(folder), "--output", str(kept)]) == 0
    text = kept.read_text()
    assert [each for each in TEXTS if each in source.read_text()] == list(TEXTS)
    assert not [each for each in TEXTS if each in text]
    assert "private" not in text

    def check(old: str, new: str) -> tuple[int, str]:
        flow = folder / "flow.py"
        before = flow.read_text()
        flow.write_text(before.replace(old, new))
        load_flow.cache_clear()
        capsys.readouterr()
        status = main(["--check", str(kept)])
        flow.write_text(before)
        return status, capsys.readouterr().out.splitlines()[-1]  # before it stands what the run itself logged

    assert check("draft = flow.ask", "draft  = flow.ask") == (
        0, "golden.json: 6 operations replayed, no new one, the same result",
    )  # fmt: skip
    assert check("overnight", "night")[0] == 1
    status, said = check("    flow.wait", '    flow.step("more", lambda: 1)\n    flow.wait')
    assert (status, "not replayed" in said) == (1, True)
    assert pipeline.calls == {"writer": 1, "editor": 1}
