"""The choices in words, read from the groups' own source, so that help and the pages say what is written there."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

_WIDTH = 100


@dataclass(frozen=True)
class Choice:
    """One keyword of the construct."""

    name: str

    kind: str
    """Its type, as the source writes it."""

    says: str
    """What it is, with its unit and its rule."""

    default: str
    """What happens when it is left out."""


@dataclass(frozen=True)
class Group:
    """The choices of one class."""

    title: str
    choices: tuple[Choice, ...]


@cache
def groups(props: Any) -> tuple[Group, ...]:
    """The groups that the props are put together from; none where their source did not ship."""
    return tuple(group for base in props.__bases__ if (group := group_of(base)).choices)


def with_choices(doc: str | None, props: Any) -> str:
    """A class's documentation with every choice behind it, as `help` shows it."""
    lines = [inspect.cleandoc(doc or "")]
    for group in groups(props):
        lines += ["", f"{group.title}"]
        for choice in group.choices:
            lines += ["", f"    {choice.name}: {choice.kind}"]
            for text in (choice.says, f"Default: {choice.default}"):
                lines += textwrap.wrap(text, _WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8)
    return "\n".join(lines) + "\n"


def group_of(base: type) -> Group:
    """The choices of one class; none where its source did not ship."""
    try:
        module = ast.parse(Path(inspect.getfile(base)).read_text(encoding="utf-8"))
    except OSError:
        return Group("", ())
    (written,) = (node for node in module.body if isinstance(node, ast.ClassDef) and node.name == base.__name__)
    return Group(" ".join(str(base.__doc__).split()), tuple(_choices(written)))


def _choices(written: ast.ClassDef) -> Iterator[Choice]:
    for field, doc in pairwise(written.body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(doc, ast.Expr):
            text = " ".join(str(ast.literal_eval(doc.value)).split())
            says, _, default = text.partition(" Default: ")
            yield Choice(field.target.id, ast.unparse(field.annotation), says, default)
