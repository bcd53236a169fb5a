#!/usr/bin/env python3
"""Prints what a model call's failure is taken for, as docs/errors.md shows it; `--write` puts it there."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # modules are imported from the root

from scripts.in_venv import go_on_in_venv

if __name__ == "__main__":
    go_on_in_venv(__file__)
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lambda_src"))
    from scripts.error_table.command import main

    sys.exit(main(sys.argv[1:]))
