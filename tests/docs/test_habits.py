"""What CONTRIBUTING.md and the commit hooks promise is there."""

import subprocess

import yaml

from tests.docs.pages import ROOT


def test_every_commit_hook_is_a_part_of_the_gate():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    usage = subprocess.run(["scripts/test.sh", "--help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    parts = {line.split()[0] for line in usage.splitlines() if line.startswith("  ") and line.strip()}
    entries = [hook["entry"].split() for hook in hooks]
    assert [program for program, _ in entries] == ["scripts/test.sh"] * len(entries)
    assert {part for _, part in entries} == {"lint", "types"} <= parts


def test_an_unknown_part_of_the_gate_is_refused():
    done = subprocess.run(["scripts/test.sh", "slow"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "scripts/test.sh: unknown argument 'slow'; try --help\n")
