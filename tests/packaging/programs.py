"""Programs that the packaging tests start."""

import os
import subprocess
from pathlib import Path


def run(*command: str | Path, cwd: Path, fails: bool = False, **environment: str) -> str:
    """The program's stdout; with `fails`, the stderr of one that must fail."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, "CDK_VALIDATION": "false", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode != 0) is fails, done.stdout + done.stderr
    return done.stderr if fails else done.stdout
