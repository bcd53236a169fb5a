"""Proof of the check itself: copies of lambda_src with one change each, and what the recorded histories say of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scripts.record_history.mutants import Mutant

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "lambda_src"
SECONDS = 300
_CHECK = (
    "import sys; from scripts.record_history.command import main; sys.exit(main(['--json', '--check', *sys.argv[1:]]))"
)


@dataclass(frozen=True)
class Tried:
    """What the histories said of one mutant.

    refused: what was wrong first; None if all of them were replayed.
    """

    mutant: Mutant
    refused: str | None

    @property
    def holds(self) -> bool:
        """Whether it was told apart rightly."""
        return self.mutant.breaks == (self.refused is not None)


def try_mutants(files: Sequence[Path], mutants: Sequence[Mutant], jobs: int) -> Iterator[Tried]:
    """Check the histories against each mutant, in a process of its own, in the order of the mutants."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda mutant: _tried(files, mutant), mutants)


def _tried(files: Sequence[Path], mutant: Mutant) -> Tried:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "lambda_src"
        shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
        mutant.make(source)
        done = subprocess.run(
            [sys.executable, "-c", _CHECK, *map(str, files)],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": os.pathsep.join((str(source), str(ROOT)))},
            capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{mutant.name}: the check itself failed: {done.stderr[-500:]}")
    wrong = [f"{each['file']}: {each['wrong'][0]}" for each in json.loads(done.stdout)["histories"] if each["wrong"]]
    return Tried(mutant, wrong[0] if wrong else None)
