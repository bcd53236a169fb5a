"""Where in the author's code the recording is: which line, which loop, whether a `try` stands around it."""

import ast
import sys
from collections.abc import Iterator
from types import FrameType

SHOWN: dict[str, str] = {}
"""Files that are recorded, each with its name as a person knows it."""

_LOOPS: dict[str, list[tuple[int, int, str]]] = {}
_GUARDED: dict[str, list[tuple[int, int]]] = {}


def note(file: str, shown: str, tree: ast.Module) -> None:
    """Remember the lines of one file."""
    SHOWN[file] = shown
    _LOOPS[file] = [
        (node.lineno, node.end_lineno or node.lineno, "while" if isinstance(node, ast.While) else "for")
        for node in ast.walk(tree)
        if isinstance(node, ast.For | ast.While)
    ]
    _GUARDED[file] = [
        (node.body[0].lineno, node.body[-1].end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Try) and node.handlers
    ]


def frames() -> Iterator[tuple[str, int, str]]:
    """(file, line, function) of the author's frames, the innermost first."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the way to ask where one is
    while frame is not None:
        file = frame.f_code.co_filename
        if file in SHOWN:
            yield file, frame.f_lineno, frame.f_code.co_name
        frame = frame.f_back


def here() -> tuple[str, int]:
    """File and line of the innermost of the author's frames."""
    return next(((file, line) for file, line, _ in frames()), ("", 0))


def place() -> str:
    """The same as a person reads it: `flow.py:12`."""
    file, line = here()
    return f"{SHOWN.get(file, 'flow.py')}:{line}"


def is_guarded() -> bool:
    """Whether the author catches what is raised here."""
    return any(begin <= line <= end for file, line, _ in frames() for begin, end in _GUARDED[file])


def loop() -> str:
    """What repeats here: the innermost loop, or the function that calls itself."""
    stack = list(frames())
    for file, line, _ in stack:
        around = [one for one in _LOOPS[file] if one[0] <= line <= one[1]]
        if around:
            begin, _, kind = max(around)
            return f"{SHOWN[file]}:{begin}, the {kind} loop there"
    file, line, name = stack[0] if stack else ("", 0, "run")
    return f"{SHOWN.get(file, 'flow.py')}:{line}, where {name} calls itself"
