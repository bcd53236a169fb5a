"""The table of programs: a row is a function of a `Lab`, its name the sentence a test is called by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from strands import tool

from tests.lambda_src.durable_strands.parity.lab import Lab, Program

PROGRAMS: dict[str, Program] = {}
SLOW: set[str] = set()
"""Sentences of programs that start processes."""


def program(function: Program) -> Program:
    """Put `function` into the table."""
    sentence = _sentence(function)
    if sentence in PROGRAMS:
        raise ValueError(f"two programs have one sentence: {sentence}")
    PROGRAMS[sentence] = function
    return function


def slow(function: Program) -> Program:
    """Leave `function`, a program, to the slow tests."""
    SLOW.add(_sentence(function))
    return function


def _sentence(function: Program) -> str:
    return str(getattr(function, "__name__", "")).replace("_", " ")


def note(lab: Lab) -> Any:
    """The tool most programs have: does one thing to the world and says so."""

    @tool
    def note(text: str) -> str:
        """Note a text.

        Args:
            text: What to note.
        """
        lab.effect(text)
        return f"noted {text}"

    return note


def returning(lab: Lab, make: Callable[[], Any]) -> Any:
    """A tool called `give` that returns whatever `make` makes."""

    @tool
    def give() -> Any:
        """Give a value."""
        lab.effect("given")
        return make()

    return give
