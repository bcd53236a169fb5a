"""The commands in a block of a terminal's text."""

import re
import shlex
from collections.abc import Iterator

_OPERATORS = {"&&", ";", "|"}
_ASSIGNMENT = re.compile(r"\w+=")


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command after a `$`; without assignments before it, redirections and comments."""
    for line in text.replace("\\\n", " ").splitlines():
        if not line.startswith("$ "):
            raise ValueError(f"a line must start with '$ ' or go on with a backslash, got {line!r}")
        lexer = shlex.shlex(line[2:], posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        yield from _split(list(lexer))


def _split(words: list[str]) -> Iterator[list[str]]:
    command: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in _OPERATORS:
            yield command
            command = []
        elif word in {">", ">>", "<"}:
            skip = True
        elif command or not _ASSIGNMENT.match(word):
            command.append(word)
    if command:
        yield command


def options(command: list[str]) -> set[str]:
    """The names of its options, without values."""
    return {word.partition("=")[0] for word in command if word.startswith("-")}
