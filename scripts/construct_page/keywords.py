"""The choices of each group again as a TypedDict, at the end of the group's file."""

from __future__ import annotations

import inspect
import textwrap
from pathlib import Path

from infra.durable_agent_pipeline import PipelineProps
from infra.durable_agent_pipeline.choices.described import Choice, group_of

MARK = "# From here on written by scripts/construct_page.py --write: the class above, for type checkers and editors.\n"
GROUPS = PipelineProps.__bases__
_LINE = 116


def file_of(group: type) -> Path:
    """Where a group of choices is written."""
    return Path(inspect.getfile(group))


def with_keywords(group: type) -> str:
    """The text of a group's file, with its TypedDict brought up to date.

    Raises:
        ValueError: the file has lost its mark.
    """
    file = file_of(group)
    written, mark, _ = file.read_text(encoding="utf-8").partition(MARK)
    if not mark:
        raise ValueError(f"{file.name} must hold the line {MARK!r}")
    name = group.__name__.replace("Choices", "Keywords")
    head = f'class {name}(TypedDict, total=False):\n    """{group.__doc__}"""\n'
    return f"{written}{mark}{head}{''.join(map(_field, group_of(group).choices))}"


def _field(choice: Choice) -> str:
    text = f'"""{choice.says} Default: {choice.default}"""'
    lines = textwrap.wrap(text, _LINE, break_on_hyphens=False, break_long_words=False)
    return "\n" + textwrap.indent("\n".join([f"{choice.name}: {choice.kind}", *lines, ""]), "    ")
