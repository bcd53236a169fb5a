"""Lets a command go on in the repository's own environment, whatever Python 3 began it."""

import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
_GO_ON = 'repository=$1; shift; source "$repository/scripts/environment.sh" && exec "$PYTHON" "$@"'


def go_on_in_venv(script: str) -> None:
    """Return at once inside .venv; otherwise make .venv if need be, and start `script` again with its Python."""
    if Path(sys.prefix).resolve() != (REPOSITORY / ".venv").resolve():
        os.execvp("bash", ["bash", "-c", _GO_ON, Path(script).name, str(REPOSITORY), script, *sys.argv[1:]])  # noqa: S606
    os.environ["PATH"] = f"{REPOSITORY / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"  # Node is there
    os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")  # where the machine's own is used
    sys.path.insert(0, str(REPOSITORY / "lambda_src"))
