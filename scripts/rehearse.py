#!/usr/bin/env python3
"""Provokes the cause of every alarm and follows the runbook to it; `scripts/rehearse.py --help` tells more."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # modules are imported from the root

from scripts.in_venv import go_on_in_venv

if __name__ == "__main__":
    go_on_in_venv(__file__)
    from scripts.rehearse.command import main

    sys.exit(main(sys.argv[1:]))
