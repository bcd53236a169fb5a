"""The SDK's silent traps of maps and parallels: real without this package, an error with it."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.config import MapConfig, ParallelConfig

from durable_strands import map_agents
from durable_strands.operations import Operations
from durable_strands.serdes import PlainJson
from tests.lambda_src.durable_strands.engine import on_engine
from tests.test_imports import LAMBDA, SOURCES

ITEMS = ["a", "b", "c"]


def no_b(_context: Any, item: str, *_rest: Any) -> str:
    """A branch of which one of three fails."""
    if item == "b":
        raise RuntimeError("broken")
    return item


WRONG_ARITY: list[Any] = [lambda item: item, lambda _context, item: item, lambda: "x"]


@pytest.mark.parametrize("branch", WRONG_ARITY)
def test_the_trap_is_real_a_function_of_wrong_arity_gives_an_empty_list_of_a_success(branch: Any):
    outcome = on_engine(lambda context: context.map(ITEMS, branch, name="each").get_results())
    assert (outcome.status, outcome.value) == ("SUCCEEDED", [])


def test_the_trap_is_real_a_failed_branch_is_left_out_where_nobody_throws():
    outcome = on_engine(lambda context: context.map(ITEMS, no_b, name="each", config=MapConfig()).get_results())
    assert outcome.status == "SUCCEEDED"
    assert len(outcome.value) < len(ITEMS)


def test_the_trap_is_real_of_parallels_too():
    def body(context: DurableContext) -> Any:
        functions: list[Any] = [lambda _context: "a", lambda: "b"]
        return context.parallel(functions, name="both", config=ParallelConfig()).get_results()

    outcome = on_engine(body)
    assert outcome.status == "SUCCEEDED"
    # the broken branch may end the parallel before or after the other one has ended
    assert outcome.value in ([], ["a"])


@pytest.mark.parametrize("branch", [*WRONG_ARITY, no_b])
def test_a_branch_of_agents_that_cannot_run_ends_the_execution(branch: Any):
    outcome = on_engine(lambda context: map_agents(context, ITEMS, branch, name="each"))
    assert outcome.status == "FAILED"
    assert outcome.error_type


def test_branches_of_a_turn_throw_what_one_of_them_raised():
    def body(context: DurableContext) -> Any:
        def broken(_operations: Operations) -> dict[str, Any]:
            raise RuntimeError("broken")

        return Operations(context, PlainJson()).together("both", [("a", lambda _: {"a": 1}), ("b", broken)], 2)

    assert on_engine(body).status == "FAILED"


LOOKED_AFTER = {"agent_workflow/batch.py", "durable_strands/branches.py", "durable_strands/operations.py"}
"""Modules that open a map or a parallel and look at how every branch ended; each has a test of its own for it."""
HANDS_ON = {"durable_strands/seeded.py"}
"""Gives what it is asked for to the SDK's context, and what comes back to whoever asked."""


def test_no_other_module_opens_a_map_or_a_parallel_of_the_sdk():
    opened = {
        file.relative_to(LAMBDA).as_posix()
        for file in SOURCES
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("map", "parallel")
        and "context" in ast.unparse(node.func.value)
    }
    assert opened <= LOOKED_AFTER | HANDS_ON
    assert {"durable_strands/branches.py", "durable_strands/operations.py"} <= opened
