"""The pipeline without trouble: what it returns, what it asks, how it suspends."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aws_durable_execution_sdk_python.execution import InitialExecutionState

from agent_workflow.agents import read_agents
from tests.fakes import FROM_MEMORY, FakeModel, Reply, declare_agents, declare_clerk
from tests.workflow.flows import with_packaged_flow

EVENT = {"query": "edge computing"}
LAMBDA_SOURCE = Path(__file__).parents[2] / "lambda_src"
PROMPTS = {agent.name: agent.prompt for agent in read_agents(LAMBDA_SOURCE / "agents")}

SUMS = {
    "model_calls": int,
    "attempts": int,
    "tool_calls": int,
    "input_tokens": int,
    "output_tokens": int,
    "cache_read_tokens": int,
    "cache_write_tokens": int,
    "unknown_calls": int,
    "broken_attempts": int,
    "deferrals": int,
    "latency_ms": int,
}
MONEY = {"cost_usd": type(None), "saved_usd": str, "cache_saved_usd": str}
CALL = {
    "name": str,
    "kind": str,
    "attempts": int,
    "stop_reason": str,
    **{kind: int for kind in SUMS if kind.endswith("_tokens")},
    "latency_ms": int,
    "cost_usd": type(None),
}
ESTIMATES = {
    "durable_operations": int,
    "bytes_written": int,
    "bytes_retained": int,
    "durable_usd": str,
    "lambda_gb_seconds": str,
    "lambda_usd": str,
    "total_usd": type(None),
}


def shape(document: dict[str, Any]) -> dict[str, type]:
    return {name: type(value) for name, value in document.items()}


def test_the_result_has_the_shape_of_the_contract_exactly(as_packaged):
    result = as_packaged.result({"query": "  edge computing "})
    usage = result.pop("usage")
    assert result == {
        "status": "completed",
        "query": "edge computing",
        "research": "the research",
        "analysis": "the analysis",
        "report": f"the summary{FROM_MEMORY}",
    }
    assert list(usage["agents"]) == ["research", "analysis", "summary"]
    assert shape(usage) == {"agents": dict, **SUMS, **MONEY, "prices_as_of": type(None), "estimates": dict}
    assert shape(usage["estimates"]) == ESTIMATES
    for agent in usage["agents"].values():
        assert shape(agent) == {"model_id": str, **SUMS, **MONEY, "calls": list}
        assert [shape(call) for call in agent["calls"]] == [CALL]
    assert (usage["model_calls"], usage["attempts"], usage["input_tokens"], usage["output_tokens"]) == (3, 3, 300, 150)


def test_each_agent_reads_its_declared_inputs_as_quoted_data_under_its_own_prompt(as_packaged):
    as_packaged.result(EVENT)
    asked = {name: model.prompts[0] for name, model in as_packaged.models.items()}
    assert "\nedge computing\n" in asked["research"]
    assert "\nthe research\n" in asked["analysis"]
    assert "edge computing" not in asked["analysis"]
    assert all(f"\n{text}\n" in asked["summary"] for text in ("edge computing", "the research", "the analysis"))
    for name, model in as_packaged.models.items():
        assert model.system_prompts == [PROMPTS[name]]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_agent_more_in_agents_toml_works_in_its_place_and_needs_no_line_in_flow_py(pipeline, tmp_path, place):
    names = ["analysis", "summary"]
    names.insert(place, "critique")
    folder = declare_agents(tmp_path / "agents", **dict.fromkeys(("research", *names), ("query",)))
    pipeline.set_environment(AGENTS_FOLDER=str(with_packaged_flow(folder)))
    pipeline.models["critique"] = FakeModel("the critique")
    result = pipeline.result(EVENT)
    *earlier, last = names
    assert pipeline.names[::2] == ["research-agent", *(f"{name}-agent" for name in names)]
    assert list(result) == ["status", "query", "research", *earlier, "report", "usage"]
    assert result["report"] == f"the {last}{FROM_MEMORY}"
    assert all(f"\nthe {name}\n" in pipeline.models[last].prompts[0] for name in ("research", *earlier))


def test_the_operations_are_named_after_the_agents_and_are_as_many_as_estimated(pipeline):
    usage = pipeline.result(EVENT)["usage"]
    assert pipeline.names == ["research-agent", "model-1", "analysis-agent", "model-1", "summary-agent", "model-1"]
    assert usage["estimates"]["durable_operations"] == len(pipeline.operations)


def test_the_estimated_bytes_are_near_those_really_written(pipeline):
    long_reply = Reply("word " * 4_000, usage={"inputTokens": 100, "outputTokens": 5_000})
    pipeline.models = {name: FakeModel(long_reply) for name in pipeline.models}
    estimated = pipeline.result(EVENT)["usage"]["estimates"]["bytes_written"]
    assert estimated == pytest.approx(pipeline.bytes_written, rel=0.05)


def test_the_demo_checkpoint_suspends_between_analysis_and_summary_and_resumes(pipeline):
    result = pipeline.result({**EVENT, "demo_checkpoint": True})
    assert pipeline.names.index("demo-checkpoint") == pipeline.names.index("summary-agent") - 1
    assert pipeline.invocations > 1
    assert pipeline.calls == {"research": 1, "analysis": 1, "summary": 1}
    assert (result["status"], result["report"]) == ("completed", "the summary")


def test_without_it_one_invocation_runs_everything(pipeline):
    pipeline.result(EVENT)
    assert pipeline.invocations == 1
    assert "demo-checkpoint" not in pipeline.names


def test_a_replay_of_a_finished_execution_calls_no_model_and_gives_the_same_result_twice(pipeline):
    result = pipeline.result({**EVENT, "demo_checkpoint": True})
    replays = [pipeline.replay() for _ in range(2)]
    assert [json.loads(replay["Result"]) for replay in replays] == [result, result]
    assert pipeline.calls == {"research": 1, "analysis": 1, "summary": 1}


def test_another_model_may_be_chosen_per_agent(pipeline):
    pipeline.set_environment(AGENT_MODELS={"summary": "amazon.nova-pro-v1:0"})
    agents = pipeline.result(EVENT)["usage"]["agents"]
    assert agents["summary"]["model_id"] == "amazon.nova-pro-v1:0"
    assert agents["research"]["model_id"] == "us.anthropic.claude-sonnet-4-6"


def test_own_agents_with_tools_run_from_their_own_folder(pipeline, tmp_path):
    declare_clerk(tmp_path, "f'value of {key}'")
    pipeline.set_environment(AGENTS_FOLDER=str(tmp_path))
    pipeline.models["clerk"] = FakeModel(Reply("", tool_uses=(("look_up", {"key": "k"}),)), "done")
    result = pipeline.result(EVENT)
    assert list(result) == ["status", "query", "report", "usage"]
    assert result["report"] == "done"
    assert pipeline.names == ["clerk-agent", "model-1", "tool-1-look_up", "model-2"]
    usage = result["usage"]["agents"]["clerk"]
    assert (usage["model_calls"], usage["tool_calls"]) == (2, 1)


REPLAY = """
import json, sys
import handler
from aws_durable_execution_sdk_python.execution import (
    DurableExecutionInvocationInputWithClient as Input, InitialExecutionState,
)
from aws_durable_execution_sdk_python_testing.invoker import create_test_lambda_context
state = InitialExecutionState.from_json_dict(json.load(sys.stdin))
event = Input(sys.argv[1], "none", state, service_client=None)
output = handler.lambda_handler(event, create_test_lambda_context())
print(json.dumps({"status": output["Status"], "strands": "strands" in sys.modules}))
"""


def test_an_invocation_that_only_replays_never_imports_strands(pipeline):
    pipeline.result(EVENT)
    state = json.dumps(InitialExecutionState(pipeline.operations, "").to_json_dict())
    done = subprocess.run(
        [sys.executable, "-c", REPLAY, pipeline.arn],
        cwd=LAMBDA_SOURCE, input=state, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert json.loads(done.stdout.splitlines()[-1]) == {"status": "SUCCEEDED", "strands": False}
