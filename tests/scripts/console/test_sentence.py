"""Lines of prose are whole in a pipe, and broken between words on a terminal."""

import io

import pytest
from rich.console import Console

from scripts.console.display import PlainDisplay
from scripts.console.sentence import say

LONG = "the function was killed :skull: [bold] and its logs are in .local/run-20261124-143443/function.log, or not"


def console(width, *, terminal):
    return Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)


def said(to):
    return to.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [20, 40, 79, 80])
def test_a_terminal_never_breaks_a_word(width):
    to = console(width, terminal=True)
    say(to, LONG, hang=4)
    lines = said(to)
    assert " ".join(line.strip() for line in lines) == LONG
    assert all(len(line) <= width or " " not in line.strip() for line in lines)
    assert all(line.startswith("    ") for line in lines[1:])
    assert len(lines) > 1


def test_a_pipe_gets_one_line_whatever_its_width():
    to = console(20, terminal=False)
    say(to, LONG)
    assert said(to) == [LONG]


def test_a_status_line_is_set_in_below_its_seconds():
    to = console(80, terminal=True)
    PlainDisplay(to, 0.0).note(1.25, LONG)
    first, *rest = said(to)
    assert first.startswith("    1.2 s  the function")
    assert rest
    assert all(line.startswith(" " * 11) and len(line) <= 80 for line in rest)
