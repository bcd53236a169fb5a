"""scripts/capacity.py: from a quota and the declared agents, or a result, to executions an hour."""

import json
import re
import subprocess
import sys

import pytest

from scripts.capacity import command
from scripts.local_aws.processes.child import REPOSITORY

MODEL = "us.anthropic.claude-sonnet-4-6"
AGENTS = f"""[[agents]]
name = "finder"
inputs = ["query"]
model = "{MODEL}"
max_tokens = 500
tools = ["look"]

[agents.limits]
turns = 3

[[agents]]
name = "writer"
inputs = ["query", "finder"]
model = "amazon.nova-lite-v1:0"
max_tokens = 4000
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "prompts").mkdir()
    for name in ("finder", "writer"):
        (tmp_path / "prompts" / f"{name}.md").write_text("p" * 400)
    (tmp_path / "agents.toml").write_text(AGENTS)
    (tmp_path / "tools.py").write_text("def look(): ...\n")
    return tmp_path


def reckoned(capsys, *arguments):
    assert command.main([*map(str, arguments), "--json"]) == 0
    return {each["model"]: each for each in json.loads(capsys.readouterr().out)["models"]}


def test_each_turn_sends_the_conversation_again_and_claude_is_counted_five_times(folder, capsys):
    found = reckoned(capsys, 100_000, "--agents", folder, "--turns", 9, "--reply", 400, "--asking", 50, "--tool", 1000)
    # three turns, as declared: 100 of the prompt and 100 of the query, then 50 and 1,000 more in each
    finder = found[MODEL]
    assert finder["tokens"] == {"input": 200 + 1250 + 2300, "output": 50 + 50 + 400, "calls": 3, "aside": 2300 + 500}
    assert finder["quota"] == 3750 + 5 * 500
    assert finder["executions_per_hour"] == 100_000 * 60 / 6250
    assert finder["calls_at_once"] == 100_000 // 2800
    writer = found["amazon.nova-lite-v1:0"]
    assert (writer["tokens"]["input"], writer["tokens"]["output"]) == (100 + 100 + 400, 400)
    assert writer["quota"] == 1000


def test_the_scarcest_model_comes_first_by_its_own_quota_and_runs(folder, capsys):
    arguments = ["--agents", folder, "--runs", "writer=50", "--model", f"{MODEL}=1000000"]
    found = reckoned(capsys, 100_000, *arguments)
    assert list(found) == ["amazon.nova-lite-v1:0", MODEL]
    assert found["amazon.nova-lite-v1:0"]["tokens"]["calls"] == 50


def test_a_result_is_reckoned_with_what_it_took(folder, tmp_path, capsys):
    run = {"model_id": MODEL, "model_calls": 2, "input_tokens": 900, "cache_write_tokens": 100, "output_tokens": 60}
    calls = [{"input_tokens": 300}, {"input_tokens": 600}, {"input_tokens": None}]
    result = tmp_path / "result.json"
    result.write_text(json.dumps({"usage": {"agents": {"finder-2": {**run, "calls": calls}}}}))
    found = reckoned(capsys, 100_000, "--agents", folder, "--result", result)
    assert found[MODEL]["tokens"] == {"input": 1000, "output": 60, "calls": 2, "aside": 600 + 500}
    assert found[MODEL]["quota"] == 1300


def test_the_page_says_what_the_command_says(capsys):
    page = (REPOSITORY / "docs" / "throughput.md").read_text()
    found_rows = re.findall(r"^\| ([0-9,]+) \| (\S+) \| (\S+) \|$", page, re.MULTILINE)
    rows = [[int(cell.replace(",", "")) for cell in row] for row in found_rows]
    assert len(rows) == 4
    for quota, executions, at_once in rows:
        found = reckoned(capsys, quota)[MODEL]
        assert (int(found["executions_per_hour"]), found["calls_at_once"]) == (executions, at_once)
        tokens = f"{found['tokens']['input']:,} tokens in and {found['tokens']['output']:,} out, {found['quota']:,} of"
        assert tokens in page


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["10", "--runs", "nobody=2"], "--runs must be NAME=NUMBER with NAME one of analysis, research, summary"),
        (["10", "--runs", "research=many"], "got 'research=many'"),
        (["10", "--model", f"{MODEL}=0"], f"--model must be NAME=NUMBER with NAME one of {MODEL}"),
        (["10", "--agents", "/nowhere"], "agents.toml"),
    ],
)
def test_bad_usage_is_told_in_a_line(arguments, told, capsys):
    assert command.main(arguments) == 2
    assert told in capsys.readouterr().err


def test_a_result_that_is_none_is_told(tmp_path, capsys):
    (tmp_path / "r.json").write_text("[]")
    assert command.main(["10", "--result", str(tmp_path / "r.json")]) == 2
    assert "--result must be the result of an execution, as JSON" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_runs_by_its_name_and_shows_a_table():
    line = [sys.executable, "scripts/capacity.py", "200000"]
    done = subprocess.run(line, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "executions" in done.stdout
