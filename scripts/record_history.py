#!/usr/bin/env python3
"""Keeps histories without their texts and replays them against today's code; see --help and docs/operations.md."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # modules are imported from the root

from scripts.in_venv import go_on_in_venv

if __name__ == "__main__":
    go_on_in_venv(__file__)
    from scripts.record_history.command import main

    sys.exit(main(sys.argv[1:]))
