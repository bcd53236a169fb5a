"""estimates.py: operations, bytes and Lambda time."""

from decimal import Decimal
from typing import Any

from agent_workflow.estimates import Estimates, estimate
from durable_strands.records import CallRecord, Usage


def model(agent: str, number: int = 1, **other: Any) -> CallRecord:
    return CallRecord(agent, f"model-{number}", "model", usage=Usage(0, 50), latency_ms=1000, **other)


def tool(agent: str, number: int) -> CallRecord:
    return CallRecord(agent, f"tool-{number}-search", "tool", latency_ms=1000)


def reckon(*calls: CallRecord, **choices: Any) -> Estimates:
    return estimate(calls, **{"waits": 0, "memory_mb": 512, **choices})


THREE = (model("research-agent"), model("analysis-agent"), model("summary-agent"))


def test_the_default_run_takes_seven_operations():
    assert reckon(*THREE).durable_operations == 7


def test_waits_and_retries_are_operations_too():
    retried = (*THREE[:2], model("summary-agent", attempts=3))
    assert reckon(*retried, waits=1).durable_operations == 10


def test_a_turn_with_several_tools_takes_one_operation_more_for_their_fork():
    agent = "research-agent"
    alone = reckon(model(agent), tool(agent, 1), model(agent, 2), tool(agent, 2), model(agent, 3))
    together = reckon(model(agent), tool(agent, 1), tool(agent, 2), model(agent, 2))
    assert alone.durable_operations == 1 + 1 + 5
    assert together.durable_operations == 1 + 1 + 4 + 1


def test_lambda_time_is_memory_times_the_time_in_calls():
    assert reckon(*THREE, memory_mb=1024).lambda_gb_seconds == 3
    assert reckon(*THREE, memory_mb=512).lambda_gb_seconds == Decimal("1.5")


def test_prices_are_those_of_the_service():
    estimates = Estimates(durable_operations=1_000_000, bytes_written=10**9, lambda_gb_seconds=Decimal(10**6))
    assert estimates.durable_usd == Decimal("8.25")
    assert estimates.lambda_usd == Decimal("13.3334")


def test_an_execution_without_a_call_still_is_one_operation():
    assert reckon() == Estimates(1, 0, Decimal(0))
