"""tools.py: the tools that agents.toml names."""

from pathlib import Path

import pytest

from agent_workflow.tools import ToolsNotFound, load_tools


def test_an_agent_without_tools_needs_no_file(tmp_path: Path):
    assert load_tools(tmp_path, ()) == []


def test_tools_are_found_by_name_in_the_declared_order(tmp_path: Path):
    (tmp_path / "tools.py").write_text("first, second, third = 'a', 'b', 'c'\n")
    assert load_tools(tmp_path, ("third", "first")) == ["c", "a"]


def test_fails_when_the_file_is_missing(tmp_path: Path):
    with pytest.raises(ToolsNotFound, match=r"need a tools\.py"):
        load_tools(tmp_path, ("search",))


def test_fails_when_a_name_is_missing(tmp_path: Path):
    (tmp_path / "tools.py").write_text("search = 1\n")
    with pytest.raises(ToolsNotFound, match="got 'fetch'"):
        load_tools(tmp_path, ("search", "fetch"))


def test_fails_when_the_file_cannot_be_imported(tmp_path: Path):
    (tmp_path / "tools.py").write_text("import no_such_module\n")
    with pytest.raises(ToolsNotFound, match="got ModuleNotFoundError"):
        load_tools(tmp_path, ("search",))


def test_the_file_may_hold_dataclasses_under_postponed_annotations(tmp_path: Path):
    code = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass Hit:\n    at: int\n"
    )
    (tmp_path / "tools.py").write_text(code + "search = str(Hit(3))\n")
    assert load_tools(tmp_path, ("search",)) == ["Hit(at=3)"]


@pytest.mark.parametrize("value", ["lambda: 1", "3", "int", "{}", "[]", "[3]", "print"])
def test_fails_when_a_declared_tool_is_none_which_strands_would_drop_in_silence(tmp_path: Path, value: str):
    (tmp_path / "tools.py").write_text(f"search = {value}\n")
    with pytest.raises(ToolsNotFound, match="every tool must be made with @tool"):
        load_tools(tmp_path, ("search",))
