"""A review on the command line: what to paste is printed whole, and pasting it answers; a second time is refused."""

import json
import re
import shlex
import shutil
import subprocess
import sys

import pytest

from scripts.local_aws.processes.child import REPOSITORY

pytestmark = pytest.mark.slow
COMMAND = [sys.executable, "-m", "scripts.run_local.command", "--json", "--script", "docs/examples/replies.json"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_printed_command_answers_once_and_stdout_is_one_document():
    process = subprocess.Popen(
        [*COMMAND, "--event", "tests/events/review.json"],
        cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr
    assert process.stdout
    said: list[str] = []
    replies: list[dict[str, str]] = []
    cli = ""
    for line in process.stderr:
        said.append(line)
        if line.startswith("AWS_ACCESS_KEY_ID=local"):
            cli = line
        if line.startswith("curl ") and not replies:
            for _ in range(2):
                done = subprocess.run(shlex.split(line), capture_output=True, text=True, check=True)
                replies.append(json.loads(done.stdout or "{}"))
    result = json.loads(process.stdout.read())
    assert process.wait(timeout=60) == 0, "".join(said)
    assert replies[0] == {}
    assert "has been answered already" in replies[1]["message"]
    assert result["review"] == [{"round": 1, "decision": "approve", "reviewer": None}]
    assert re.search(r"--callback-id '\S+' --result '\{\"decision\": \"approve\"\}'$", cli.strip())
