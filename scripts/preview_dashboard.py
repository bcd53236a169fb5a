#!/usr/bin/env python3
"""Draws the synthesized dashboard with the metrics of rehearsed runs; see --help."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # modules are imported from the root

from scripts.in_venv import go_on_in_venv

if __name__ == "__main__":
    go_on_in_venv(__file__)
    from scripts.preview_dashboard.command import main

    sys.exit(main(sys.argv[1:]))
