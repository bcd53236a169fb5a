"""errors.py and docs/errors.md: what a caller can match is documented, and what is documented exists."""

import re
from pathlib import Path

import pytest
from aws_durable_execution_sdk_python.lambda_service import ErrorObject

from agent_workflow import budget, errors, flow_errors, tools
from durable_strands import errors as agent_errors
from durable_strands.errors import AgentFailed

TABLE = (Path(__file__).parents[3] / "docs" / "errors.md").read_text()
ROWS = {
    match[1]: match[2]
    # the first row of a type is its own; further down, the table of codes names the types of model calls again
    for match in reversed(list(re.finditer(r"^\| `(\w+)` \| (.+) \|$", TABLE, re.MULTILINE)))
    if not match[1].startswith("Error")
}
REFUSALS = (errors.InvalidRequest, errors.InvalidConfiguration, errors.UnpricedModel)
FAILURES = (
    budget.BudgetExceeded,
    budget.BudgetThrottled,
    budget.BudgetUnavailable,
    budget.BudgetThrottled,
    budget.BudgetUnavailable,
    tools.ToolsNotFound,
    *(
        kind
        for module in (flow_errors, agent_errors)
        for kind in vars(module).values()
        if isinstance(kind, type) and AgentFailed in kind.__mro__[1:]
    ),
)


def test_every_typed_error_has_one_row_and_every_row_is_a_typed_error():
    shipped = {kind.__name__ for kind in (*REFUSALS, *FAILURES)}
    assert ROWS.keys() == shipped


@pytest.mark.parametrize("kind", FAILURES, ids=lambda kind: kind.__name__)
def test_the_table_says_truly_whether_a_failure_is_tried_again(kind: type[AgentFailed]):
    tried_again = ROWS[kind.__name__].split(" | ")[-2].startswith("yes")
    assert tried_again == kind.retryable


@pytest.mark.parametrize("kind", [*REFUSALS, *FAILURES], ids=lambda kind: kind.__name__)
def test_the_wire_carries_the_bare_name(kind: type[Exception]):
    assert ErrorObject.from_exception(kind("message")).type == kind.__name__
