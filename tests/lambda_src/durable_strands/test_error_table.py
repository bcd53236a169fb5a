"""The errors' table, its page and the classes' tree are one."""

from __future__ import annotations

import re

from durable_strands import errors, failure_table
from durable_strands.errors import AgentFailed
from scripts.console.marked_block import block
from scripts.error_table.command import BEGIN, END, PAGE, table

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_shows_the_table_of_the_code():
    assert block(PAGE, BEGIN, END) == table(), "run scripts/error_table.py --write"


def test_no_code_class_or_status_stands_for_two_failures():
    for part in (failure_table.BY_CODE, failure_table.BY_CLASS, failure_table.BY_STATUS):
        entries = [str(entry).lower() for entries in part.values() for entry in entries]
        assert len(entries) == len(set(entries))


def own_failures():
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AgentFailed)]


def test_every_failure_has_a_row_in_the_page():
    undocumented = [kind.__name__ for kind in own_failures() if f"| `{kind.__name__}` |" not in TEXT]
    assert undocumented == ["AgentFailed"]


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes():
    drawn = re.findall(r"^    [│├└ ]*── (\w+)( \(tried again\))?$", errors.__doc__, re.MULTILINE)
    assert "    AgentFailed\n" in errors.__doc__
    assert [(name, bool(mark)) for name, mark in drawn] == [
        (kind.__name__, kind.retryable) for kind in own_failures() if kind is not AgentFailed
    ]
    assert all(kind.__bases__ == (AgentFailed,) for kind in own_failures() if kind is not AgentFailed)
