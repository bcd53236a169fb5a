#!/usr/bin/env python3
"""Measures speed, memory, sizes and counts; `scripts/bench.py --help` tells more."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / ".venv" / "bin" / "python"

if __name__ == "__main__":
    if Path(sys.prefix) != ROOT / ".venv" and PYTHON.exists():
        os.execv(PYTHON, [str(PYTHON), *sys.argv])  # noqa: S606  (the repository's own environment has the packages)
    sys.path[:0] = [str(ROOT), str(ROOT / "lambda_src")]
    from scripts.benchmarks.command import main

    sys.exit(main())
