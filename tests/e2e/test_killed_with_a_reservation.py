"""The process killed between reserving a call and settling it: the table counts what may have been paid, once."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings
from tests.fakes import MODEL_ID, declare_agents

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

USAGE = {"inputTokens": 100, "outputTokens": 50}
ONE_CALL = Decimal("0.00105")
WRITTEN = Decimal("0.12288")
"""What a call may cost at most without its request: the 8,192 tokens that its agent may write."""
EVENT = b'{"query": "edge computing", "tenant": "acme"}'


def killed(times: int) -> list[dict[str, Any]]:
    """The process of the second agent's call is killed so often while the model answers."""
    return [{"operation": "second-agent/model-1", "action": "START", "moment": "during", "times": times}]


def stack_of(folder: Path, months: Any, **limits: str) -> LocalStack:
    """A pipeline of two agents."""
    agents = declare_agents(folder / "agents", first=("query",), second=("first",))
    script = folder / "script.json"
    # slow enough that the process is killed before the reply, and so before the call is settled
    script.write_text(json.dumps({"replies": [], "default": {"text": "a text", "usage": USAGE, "delay_seconds": 2}}))
    settings = StackSettings(
        folder=folder / "stack",
        model=["--script", str(script)],
        environment={
            "AGENTS_FOLDER": str(agents),
            "AWS_ENDPOINT_URL_DYNAMODB": months.tables.url,
            "BUDGETS": json.dumps({"table": months.name, **limits}),
            "MODEL_PRICES": json.dumps({MODEL_ID: {"input": "3", "output": "15"}}),
        },
        kill_rules=killed(2),
        crash_retry_seconds=0.05,
        skip_time=True,
    )
    return LocalStack(settings)


def answer_of(stack: LocalStack) -> dict[str, Any]:
    answer = stack.client().invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, Payload=EVENT)
    document: dict[str, Any] = json.loads(answer["Payload"].read())
    return document


def test_a_retry_finds_the_reservation_and_the_killed_call_stays_counted_at_its_most(tmp_path, months):
    with stack_of(tmp_path, months, per_day_usd="0.38", tenant_per_month_usd="9") as stack:
        document = answer_of(stack)  # killed twice
        assert document["status"] == "completed"
        assert Decimal(document["usage"]["cost_usd"]) == 2 * ONE_CALL
        for tenant in (None, "acme"):
            unsure = months.usd("unsure", tenant)
            assert 2 * WRITTEN < unsure < 2 * WRITTEN + Decimal("0.01")
            assert months.usd("total", tenant) == 2 * ONE_CALL + unsure
            assert months.held(tenant) == []

        stack.replace_kill_rules(killed(1))
        refused = answer_of(stack)  # killed once, which leaves its retry no room
        assert refused["errorType"] == "BudgetExceeded"
        assert "0.38 USD a day of the pipeline" in refused["errorMessage"]
        (held,) = months.held()  # nobody settles it; it is taken out when it is old
        assert months.usd() == 3 * ONE_CALL + unsure + held < Decimal("0.38")
        started = [call for call in read_all(stack.calls) if call["event"] == "started"]
        assert len(started) == 4 + 2, "the refused try has not reached the model"
