"""The help of every command, as docs/commands.md shows it."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import Any

from scripts.console.ending import DONE, ended
from scripts.console.marked_block import NoPlace, write_block

SCRIPTS = Path(__file__).resolve().parents[1]
PAGE = SCRIPTS.parent / "docs" / "commands.md"
BEGIN, END = "<!-- printed by scripts/commands_page.py --write -->", "<!-- end of printed -->"
NOT_COMMANDS = {"environment.sh", "in_venv.py"}
FOLDER_OF = {"pipeline": "operate"}
"""Command without a suffix -> the folder of its code, which cannot have the same name."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/commands_page.py",
        description="The help of every command at 80 columns, as docs/commands.md shows it.",
        epilog="exit: 0 done; 1 the page has no place for it; 2 bad usage",
    )
    parser.add_argument("--write", action="store_true", help="bring docs/commands.md up to date")
    options = parser.parse_args(arguments)
    return ended("commands page", lambda: _written(write=options.write), (NoPlace, OSError))


def _written(*, write: bool) -> int:
    if write:
        write_block(PAGE, BEGIN, END, page_text())
    else:
        print(page_text())
    return DONE


def page_text() -> str:
    """The block between the marks, as Markdown."""
    return "\n\n".join(_section(name) for name in commands())


def _section(name: str) -> str:
    return f"{'###' if ' ' in name else '##'} {name}\n\n```text help {name}\n{help_of(name)}```"


def commands() -> list[str]:
    """What can be typed: files that start a command, such as `bench.py`, and their verbs, such as `pipeline show`."""
    files = [*SCRIPTS.glob("*.sh"), *SCRIPTS.glob("*.py"), *(SCRIPTS / name for name in FOLDER_OF)]
    names = sorted(file.name for file in files if file.name not in NOT_COMMANDS)
    return [part for name in names for part in (name, *(f"{name} {verb}" for verb in _verbs(name)))]


def _verbs(name: str) -> Sequence[str]:
    verbs: Sequence[str] = getattr(_module(name), "VERBS", ()) if name in FOLDER_OF else ()
    return verbs


def _module(name: str) -> Any:
    return importlib.import_module(f"scripts.{FOLDER_OF.get(name, Path(name).stem)}.command")


def help_of(name: str) -> str:
    """What the command prints for --help at 80 columns."""
    file, *verb = name.split()
    if file not in FOLDER_OF and not (SCRIPTS / Path(file).stem).is_dir():  # a shell script with nothing behind it
        asked = [str(SCRIPTS / file), "--help"]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    said = io.StringIO()
    with _columns("80"), redirect_stdout(said), suppress(SystemExit):
        _module(file).main([*verb, "--help"])
    return said.getvalue()


@contextmanager
def _columns(number: str) -> Iterator[None]:
    before = {name: os.environ.pop(name, None) for name in ("COLUMNS", "FORCE_COLOR")}
    os.environ.update(COLUMNS=number, NO_COLOR="1")  # argparse of Python 3.14 would colour it
    try:
        yield
    finally:
        os.environ.update({name: value for name, value in before.items() if value is not None})
