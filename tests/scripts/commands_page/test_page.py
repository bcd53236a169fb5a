"""docs/commands.md says what every command's --help says."""

import os
import re
import subprocess

import pytest

from scripts.commands_page.command import BEGIN, END, PAGE, commands, help_of, main, page_text
from scripts.console.marked_block import block
from scripts.local_aws.processes.child import REPOSITORY


def test_the_page_is_what_the_commands_say():
    assert block(PAGE, BEGIN, END) == page_text(), "run scripts/commands_page.py --write"


@pytest.mark.parametrize("name", commands())
def test_a_help_fits_into_80_columns_and_tells_what_the_exit_status_means(name):
    said = help_of(name)
    assert said.lower().startswith("usage: ")
    assert f"scripts/{name}" in said.splitlines()[0]
    assert [line for line in said.splitlines() if len(line) > 80] == []
    assert re.search(r"^ *exit( status)?: 0", said, re.MULTILINE)


def test_the_width_of_the_callers_terminal_does_not_matter(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    narrow = help_of("bench.py")
    monkeypatch.setenv("COLUMNS", "200")
    assert help_of("bench.py") == narrow
    assert os.environ["COLUMNS"] == "200"


def test_without_an_option_the_page_is_printed_and_nothing_is_written(capsys):
    before = PAGE.read_bytes()
    assert main([]) == 0
    assert capsys.readouterr().out == page_text() + "\n"
    assert PAGE.read_bytes() == before


@pytest.mark.parametrize("name", ["run_local.sh", "crash_lab.py", "test.sh"])
def test_help_before_there_is_an_environment_makes_none(name, tmp_path):
    for part in ("scripts", "docs/commands.md"):
        (tmp_path / part).parent.mkdir(exist_ok=True, parents=True)
        subprocess.run(["cp", "-r", str(REPOSITORY / part), str(tmp_path / part)], check=True)
    command = [str(tmp_path / "scripts" / name), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, help_of(name), "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs", "scripts"]
