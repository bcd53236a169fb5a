"""The examples as their READMEs say: run by the command on the local stack, the manager answered by answer.py."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from scripts.local_aws.processes.child import REPOSITORY
from scripts.local_aws.processes.journal import read_all

pytestmark = pytest.mark.slow
EXAMPLES = REPOSITORY / "docs" / "examples"
TWO, FIVE = EXAMPLES / "two_agents" / "agents", EXAMPLES / "five_agents" / "agents"
COMPLAINT = "My expresso maschine died after 26 months."
QUESTION = "26 months old, warranty over; half the price as a gesture?"
USAGE = {"inputTokens": 100, "outputTokens": 50, "cacheReadInputTokens": 0, "cacheWriteInputTokens": 0}


def says(agent, text="", turn="*", **tool_inputs):
    uses = [{"name": name, "input": given} for name, given in tool_inputs.items()]
    return {"agent": agent, "turn": turn, "text": text, "tool_uses": uses, "usage": USAGE}


TRANSLATED = [says("translation", "Le train part à neuf heures."), says("review", "Le train part à 9 h.")]
HANDLED = json.loads((FIVE.parent / "replies.json").read_text(encoding="utf-8"))["replies"]


def run_local(tmp_path, replies, *arguments):
    script = tmp_path / "replies.json"
    script.write_text(json.dumps({"replies": replies}))
    return subprocess.Popen(
        ["scripts/run_local.sh", "--script", str(script), *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "RETRY_INITIAL_DELAY_SECONDS": "1"},
    )


def finished(run):
    """(exit status, stdout, stderr) of a run that needs nobody."""
    with run:
        output, errors = run.communicate(timeout=120)
    return run.returncode, output, errors


def calls_in(errors):
    """Model calls started per agent, by the journal of the run's Bedrock endpoint."""
    folder = re.search(r"logs: (\S+)", errors)
    assert folder is not None, errors
    journal = read_all(REPOSITORY / folder[1] / "calls.jsonl")
    return Counter(call["agent"] for call in journal if call["event"] == "started")


def test_the_two_agents_run_by_the_command_with_their_own_names(tmp_path):
    run = run_local(tmp_path, TRANSLATED, "--agents", str(TWO), "--json", "The train leaves at nine.")
    status, output, errors = finished(run)
    assert status == 0, errors
    result = json.loads(output)
    assert list(result) == ["status", "query", "translation", "report", "usage"]
    assert (result["translation"], result["report"]) == ("Le train part à neuf heures.", "Le train part à 9 h.")
    assert calls_in(errors) == {"translation": 1, "review": 1}
    assert "translation: done, checkpointed" in errors
    rows = [line.split()[:2] for line in errors.splitlines()]
    assert [row for row in rows if row and row[0] in ("translation", "review")] == [
        ["translation", "1"],
        ["review", "1"],
    ]


def test_the_flow_of_its_own_runs_as_its_readme_says(tmp_path):
    replies = json.loads((EXAMPLES / "own_flow" / "replies.json").read_text(encoding="utf-8"))["replies"]
    run = run_local(tmp_path, replies, "--agents", str(EXAMPLES / "own_flow" / "agents"), "--json", "A night train.")
    status, output, errors = finished(run)
    assert status == 0, errors
    result = json.loads(output)
    assert list(result) == ["status", "query", "editor", "writer", "critic", "report", "usage"]
    assert result["report"] == "# A train in the night\n\nFrom 1 May a night train leaves at nine."
    assert result["critic"] == "PRINT"
    assert calls_in(errors) == {"editor": 1, "writer": 1, "critic": 1}


def test_a_crash_drill_kills_after_an_agent_of_the_folder(tmp_path):
    run = run_local(tmp_path, TRANSLATED, "--agents", str(TWO), "--kill-after", "translation", "The train leaves.")
    status, output, errors = finished(run)
    assert status == 0, errors
    assert output.startswith("Le train part à 9 h.\n")
    assert "was killed (SIGKILL) after translation-agent's checkpoint" in output
    assert "translation: replayed from checkpoints, 0 model calls." in output
    assert calls_in(errors) == {"translation": 1, "review": 1}


def answer_py(*arguments):
    command = [sys.executable, "docs/examples/five_agents/answer.py", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)


def read_until(run, said):
    told = ""
    while said not in told:
        line = run.stderr.readline()
        assert line, told
        told += line
    return told


def test_the_five_agents_wait_for_the_manager_and_answer_py_answers(tmp_path):
    run = run_local(tmp_path, HANDLED, "--agents", str(FIVE), "--json", COMPLAINT)
    told = read_until(run, "decision: tool ask_manager waits for an answer from outside")
    told += read_until(run, "suspended")
    endpoint = re.search(r"http://127\.0\.0\.1:\d+", told)
    assert endpoint is not None
    shown = answer_py("--endpoint-url", endpoint[0])
    assert (shown.returncode, shown.stdout) == (0, f"{QUESTION} (194.50 EUR)\n"), shown.stderr
    answered = answer_py("--endpoint-url", endpoint[0], "Yes, half of it.")
    assert answered.returncode == 0, answered.stderr
    status, output, errors = finished(run)
    assert status == 0, errors
    result = json.loads(output)
    assert result["report"] == "Dear customer, we are sorry. We refund half of the price: 194.50 EUR."
    assert list(result)[2:-2] == ["facts", "terms", "decision", "letter"]
    assert calls_in(told) == {"facts": 1, "terms": 2, "decision": 2, "letter": 1, "review": 1}
    assert result["usage"]["tool_calls"] == 2
    assert "facts, terms: replayed from checkpoints" in errors


def test_answer_py_says_so_when_nobody_waits(tmp_path):
    slow = [{**reply, "delay_seconds": 60} for reply in TRANSLATED]
    run = run_local(tmp_path, slow, "--agents", str(TWO), "The train leaves.")
    with run:
        told = read_until(run, "translation: model call 1")
        endpoint = re.search(r"http://127\.0\.0\.1:\d+", told)
        assert endpoint is not None
        asked = answer_py("--endpoint-url", endpoint[0], "Yes.")
        run.terminate()
        run.communicate(timeout=60)
    assert (asked.returncode, asked.stdout, asked.stderr) == (1, "", "no execution waits for an answer\n")


BROKEN = {
    "no such folder": (None, None, "agents must be a folder with an agents.toml, got"),
    "a later input": (
        '["facts"]',
        '["letter"]',
        "inputs must name what comes before it (query, facts), so that there is no cycle, got",
    ),
    "a name twice": ('name = "letter"', 'name = "facts"', "name must be none of"),
    "no prompt": ('name = "review"', 'name = "check"', "agent 'check' must have a prompt in prompts/check.md"),
    "no such tool": ('["ask_manager"]', '["ask_boss"]', "every tool must be a name in tools.py, got 'ask_boss'"),
    "an unknown field": ("temperature", "temprature", "agent 'facts' must have only the fields"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_fails_in_one_line_when_the_folder_breaks_a_rule(tmp_path, case):
    old, new, said = BROKEN[case]
    folder = tmp_path / "agents"
    if old is not None:
        shutil.copytree(FIVE, folder, ignore=shutil.ignore_patterns("__pycache__"))
        text = (folder / "agents.toml").read_text()
        assert old in text
        (folder / "agents.toml").write_text(text.replace(old, new, 1))
    status, output, errors = finished(run_local(tmp_path, HANDLED, "--agents", str(folder), "--json", COMPLAINT))
    assert (status, output) == (2, "")
    [line] = errors.splitlines()
    assert line.startswith(f"run_local: --agents {folder}: ")
    assert said in line


def test_fails_with_the_remedy_when_a_package_of_the_tools_is_missing(tmp_path):
    folder = tmp_path / "agents"
    shutil.copytree(FIVE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    tools = folder / "tools.py"
    tools.write_text(f"import no_such_package\n{tools.read_text()}")
    status, output, errors = finished(run_local(tmp_path, HANDLED, "--agents", str(folder), COMPLAINT))
    assert (status, output) == (2, "")
    assert "got ModuleNotFoundError: No module named 'no_such_package'" in errors
    assert f"uv pip install --python .venv/bin/python -r {folder / 'requirements.txt'}" in errors


def test_kill_after_names_an_agent_of_the_folder_or_is_refused(tmp_path):
    run = run_local(tmp_path, TRANSLATED, "--agents", str(TWO), "--kill-after", "analysis", "x")
    status, _, errors = finished(run)
    assert status == 2
    assert errors == "run_local: --kill-after must be one of translation, review, got 'analysis'\n"


@pytest.mark.timeout(600)
def test_the_package_of_the_five_agents_holds_their_own_package_for_the_functions_processor(tmp_path):
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY / "infra"),
        "CDK_OUTDIR": str(tmp_path / "out"),
        "DURABLE_AGENT_PIPELINE_CACHE": str(tmp_path / "cache"),
    }
    folder = FIVE.parent
    command = [sys.executable, "app.py"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr
    (asset,) = (path for path in (tmp_path / "out").glob("asset.*") if path.is_dir())
    assert (asset / "agents" / "tools.py").read_bytes() == (FIVE / "tools.py").read_bytes()
    assert (asset / "agents" / "terms.json").is_file()
    built = {file.suffixes[-2] for file in Path(asset / "rapidfuzz").glob("*_cpp.*.so")}
    assert built == {".cpython-313-aarch64-linux-gnu"}
