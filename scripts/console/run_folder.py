"""The folder of one run under .local/, and the tidying of old ones."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from scripts.local_aws.processes.child import REPOSITORY

KEPT_RUNS = 5
OWNER = "pid"


def new_run_folder(parent: Path = REPOSITORY / ".local") -> Path:
    """Make `.local/run-<time>`; of the earlier runs the newest four stay, and all that still run."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder = next(path for path in _candidates(parent, stamp) if _made(path))
    (folder / OWNER).write_text(str(os.getpid()))
    for old in sorted(parent.glob("run-*"), reverse=True)[KEPT_RUNS:]:
        if not _still_runs(old):
            shutil.rmtree(old, ignore_errors=True)
    return folder


def _candidates(parent: Path, stamp: str) -> list[Path]:
    return [parent / f"run-{stamp}", *(parent / f"run-{stamp}-{number}" for number in range(2, 100))]


def _made(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        return False
    return True


def _still_runs(folder: Path) -> bool:
    try:
        os.kill(int((folder / OWNER).read_text()), 0)
    except (OSError, ValueError):
        return False
    return True
