"""What durable_strands says of itself as a package: its public names, its README, its pins."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

import durable_strands
from durable_strands import safety
from tests.lambda_src.durable_strands.parity.table import PROGRAMS
from tests.lambda_src.durable_strands.parity.test_parity import MODULES, NAMED, REFUSED

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "lambda_src" / "durable_strands"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PUBLIC = tuple(f"durable_strands{name}" for name in ("", ".errors", ".classify", ".failure_table", ".testing"))

FEATURES = {
    "works": {
        "tools: functions": ["an async tool awaits before it answers", "a tool returns an image"],
        "`agent.state`": ["a tool writes the agents state", "an agent is asked three times"],
        "hooks of every event": ["hooks of every event write the state", "a hook retries a tool that raised"],
        "a hook that retries a failed model call": ["a hook asks the model again after an error"],
        "what a tool keeps in the object": ["a tool class of its own counts its calls"],
        "conversation managers": [
            "a conversation is summarized by another agent",
            "a goal loop with a judge rejects the first answer",
            "a router falls back to the second model",
            "a structured answer has an alias",
        ],
        "agents as tools": ["an agent is a tool of another", "an agent delegates its answer to another"],
        # held by test_mcp_tools.py, which has a server
        "MCP servers by `durable_mcp_tools`": ["an mcp server brings the tools"],
        "`Graph` and `Swarm`, given": [
            "a graph goes back until it is done",
            "a graph runs two nodes side by side and joins them",
            "a swarm comes back to its first agent",
            "a tool in an agent of a swarm interrupts",
        ],
        # held by test_meters.py over such programs
        "Strands' OpenTelemetry meters": ["three tools of one turn run side by side"],
        "interrupts by tools": ["a tool interrupts and a person answers", "two agents two deep interrupt at once"],
    },
    "refused": {
        "the same where it is data but not JSON": ["a tool keeps a set in an object of its own"],
        "`Agent(...)`, a `Graph` or a `Swarm`": [
            "a tool builds an agent and asks it",
            "an async tool builds an agent and awaits it",
            "a tool runs a graph of agents",
            "a tool runs a swarm of agents",
        ],
        "a tool that registers tools": [
            "a tool registers another tool for the next turn",
            "a tool leaves a live object in the invocation state for another",
            "a node of a graph leaves a live object in the invocation state",
        ],
        "a team as a node of a team": [
            "a graph has a swarm as node",
            "a condition of a graph asks a model",
            "a hook of a swarm asks an agent",
        ],
        "a tool result that is not JSON": ["a tool returns a set inside its json"],
        "`session_manager`": ["a session manager keeps the conversation"],
        # has no bare run to be compared with: test_calls.py and test_as_bare.py
        "interrupts without": [],
    },
    "ends by name": {"a stop by": list(NAMED)},
}
"""Verdict in the README's table -> start of the row -> programs of the parity suite that hold it."""


def rows() -> list[tuple[str, str]]:
    table = README.partition("| part of Strands | with `run_agent` |\n|---|---|\n")[2].partition("\n\n")[0]
    return [(feature, verdict) for feature, verdict in re.findall(r"^\| (.*) \| (.*) \|$", table, re.MULTILINE)]


def of(program: str) -> str:
    return "refused" if program in REFUSED else "ends by name" if program in NAMED else "works"


def test_every_row_of_the_features_table_is_held_by_programs_and_says_one_of_three_things():
    assert MODULES
    known = [(start, verdict) for verdict, features in FEATURES.items() for start in features]
    assert len(rows()) == len(known)
    for feature, said in rows():
        (verdict,) = {verdict for start, verdict in known if feature.startswith(start)}
        assert re.match(rf"{verdict}\b", said), f"{feature}: {said}"


def test_every_program_that_is_named_behaves_as_its_row_says_and_every_refusal_has_a_row():
    listed = {name: verdict for verdict, rows in FEATURES.items() for names in rows.values() for name in names}
    assert set(listed) <= PROGRAMS.keys()
    assert {name: of(name) for name in listed} == listed
    assert {*REFUSED, *NAMED} <= listed.keys()


@pytest.mark.parametrize("part", sorted(safety._REFUSED))
def test_every_part_of_an_agent_that_is_refused_is_in_the_readme(part: str):
    assert f"`{part.removeprefix('_')}" in README


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_module_has_what_it_defines_in_all_and_nothing_else(name: str):
    module = importlib.import_module(name)
    public = {word for word in _defined(Path(module.__file__ or "")) if not word.startswith("_")}
    assert sorted(public) == sorted(module.__all__)


def test_the_root_has_no_public_name_but_those_of_all_and_its_modules():
    found = {word for word, value in vars(durable_strands).items() if not isinstance(value, ModuleType)}
    assert sorted(word for word in found if not word.startswith("_")) == durable_strands.__all__


def _defined(file: Path) -> Iterator[str]:
    """Names that a module defines at its top; of the root, which defines nothing, those that it imports."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name))
        elif isinstance(node, ast.ImportFrom) and file.name == "__init__.py":
            yield from (alias.name for alias in node.names)


def test_every_public_name_is_documented_in_its_docstring_and_in_the_readme():
    for name in durable_strands.__all__:
        value = getattr(durable_strands, name)
        text = value.__doc__ or ""
        generated = dataclasses.is_dataclass(value) and text.startswith(f"{name}(")
        assert text.strip(), name
        assert not generated, name
    for word in {*durable_strands.__all__, *importlib.import_module("durable_strands.testing").__all__}:
        assert re.search(rf"\b{word}\b", README), f"{word} is not in the README"


def test_the_pins_are_what_is_refused_outside_and_what_the_lambda_ships():
    pins = {requirement.name: requirement.specifier for requirement in map(Requirement, PROJECT["dependencies"])}
    major, minor = map(int, safety.SUPPORTED_STRANDS.split("."))
    strands = pins["strands-agents"]
    assert strands.contains(f"{major}.{minor}.0")
    assert strands.contains(f"{major}.{minor}.99")
    assert not strands.contains(f"{major}.{minor - 1}.99")
    assert not strands.contains(f"{major}.{minor + 1}.0")
    assert f"`strands-agents` | {safety.SUPPORTED_STRANDS}.*" in README
    shipped = dict(re.findall(r"^([a-z-]+)==(\S+)", (FOLDER.parent / "requirements.txt").read_text(), re.MULTILINE))
    assert all(specifier.contains(shipped[name]) for name, specifier in pins.items())


def test_the_distribution_has_the_version_and_the_licence_of_the_repository():
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {key: PROJECT[key] for key in ("version", "license", "requires-python")} == {
        key: whole[key] for key in ("version", "license", "requires-python")
    }
    assert (FOLDER / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert (FOLDER / "py.typed").is_file()
