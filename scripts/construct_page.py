#!/usr/bin/env python3
"""Prints every choice of the construct as docs/construct.md shows it; `--write` brings page and keywords up to date."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # modules are imported from the root

from scripts.in_venv import go_on_in_venv

if __name__ == "__main__":
    go_on_in_venv(__file__)
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")  # its banner is no part of the page
    from scripts.construct_page.command import main

    sys.exit(main(sys.argv[1:]))
