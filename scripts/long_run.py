#!/usr/bin/env python3
"""Runs an execution of thousands of operations, killed at each hand-over; `scripts/long_run.py --help` tells more."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # modules are imported from the root

from scripts.in_venv import go_on_in_venv

if __name__ == "__main__":
    go_on_in_venv(__file__)
    from scripts.long_run.command import main

    sys.exit(main(sys.argv[1:]))
