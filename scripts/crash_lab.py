#!/usr/bin/env python3
"""The crash lab: see --help and docs/crash-lab.md. Any Python 3 starts it; it goes on in the repository's .venv."""

import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
GO_ON = 'source "$1/scripts/environment.sh" && shift && exec "$PYTHON" "$@"'

if __name__ == "__main__":
    if Path(sys.prefix).resolve() != (REPOSITORY / ".venv").resolve():
        os.execvp("bash", ["bash", "-c", GO_ON, "crash_lab", str(REPOSITORY), __file__, *sys.argv[1:]])  # noqa: S606
    sys.path.insert(0, str(REPOSITORY))  # rooms are imported from the root
    from scripts.lab.command import main

    sys.exit(main(sys.argv[1:]))
