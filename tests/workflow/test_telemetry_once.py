"""Metrics and logs of an execution that replayed: each fact once, no text at all."""

import json
from collections import Counter
from fnmatch import fnmatchcase
from typing import Any

import pytest
from strands.types.exceptions import ModelThrottledException

from agent_workflow.telemetry import METRICS
from tests.fakes import FAILED_LINE, MODEL_ID, FakeModel, Reply, declare_clerk

EVENT = {"query": "a-secret-topic"}
THROTTLED = ModelThrottledException("slow down")
PRICES = {MODEL_ID: {"input": "3", "output": "15"}}


class Output:
    """The JSON lines that the function wrote."""

    def __init__(self, text: str) -> None:
        self.text = text
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        self.logs = [line for line in lines if "level" in line]
        self._documents = [line for line in lines if "_aws" in line]

    def metrics(self) -> Counter[tuple[str, ...]]:
        """(metric, values of its dimensions) -> sum."""
        sums: Counter[tuple[str, ...]] = Counter()
        for document in self._documents:
            (block,) = document["_aws"]["CloudWatchMetrics"]
            (dimensions,) = block["Dimensions"]
            for metric in block["Metrics"]:
                sums[metric["Name"], *(document[name] for name in dimensions)] += sum(document[metric["Name"]])
        return sums

    def declared(self) -> set[tuple[str, str, tuple[str, ...]]]:
        """(metric, unit, dimensions) of everything emitted."""
        return {
            (metric["Name"], metric["Unit"], tuple(block["Dimensions"][0]))
            for document in self._documents
            for block in document["_aws"]["CloudWatchMetrics"]
            for metric in block["Metrics"]
        }


@pytest.fixture(autouse=True)
def service(pipeline: Any, request: pytest.FixtureRequest) -> str:
    """A service, and so a logger, of the test's own: Powertools keeps the stdout that it first met."""
    name = f"service of {request.node.name}"
    pipeline.set_environment(POWERTOOLS_SERVICE_NAME=name)
    return name


@pytest.fixture
def output(pipeline: Any, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Output:
    """Of an execution whose third agent was throttled twice, which waited, and therefore replayed."""
    caplog.set_level("INFO")
    pipeline.set_environment(MODEL_PRICES=PRICES, PIPELINE_NAME="p")
    pipeline.models["research"] = FakeModel(Reply("the-secret-research"))
    pipeline.models["summary"] = FakeModel(THROTTLED, THROTTLED, Reply("the-secret-report"))
    pipeline.result({**EVENT, "demo_checkpoint": True})
    assert pipeline.invocations >= 4, "no replay happened, so the counts would prove nothing"
    out, err = capfd.readouterr()
    return Output(out + err + caplog.text)


@pytest.mark.parametrize("agent", ["research", "analysis", "summary"])
def test_each_call_is_counted_once_although_the_execution_replayed(output: Output, agent: str):
    metrics = output.metrics()
    assert metrics["ModelCalls", "p", agent, MODEL_ID] == 1
    assert metrics["InputTokens", "p", agent, MODEL_ID] == 100
    assert metrics["OutputTokens", "p", agent, MODEL_ID] == 50
    assert metrics["CostUSD", "p", agent, MODEL_ID] == pytest.approx(0.00105)


def test_retries_failures_and_savings_are_those_of_the_agent_that_was_retried(output: Output):
    metrics = output.metrics()
    assert metrics["ModelRetries", "p", "summary", MODEL_ID] == 2
    assert metrics["ModelRetries", "p", "research", MODEL_ID] == 0
    assert metrics["Failures", "p", "ModelThrottled"] == 2
    assert metrics["SavedUSD", "p", "summary"] == pytest.approx(0.0042)


def test_only_declared_metrics_are_emitted(output: Output):
    assert output.declared() <= {(metric.name, metric.unit, metric.dimensions) for metric in METRICS}


def test_logs_are_json_with_service_and_execution_and_each_line_stands_once(output: Output, service: str):
    assert output.logs
    assert all(line["service"] == service and line["correlation_id"] for line in output.logs)
    finished = [line["message"] for line in output.logs if "agent finished" in line["message"]]
    assert finished == [f"agent=<{name}>, calls=<1> | agent finished" for name in ("research", "analysis", "summary")]
    failed = [line["message"] for line in output.logs if "attempt failed" in line["message"]]
    assert len(failed) == 2


def test_no_prompt_and_no_reply_is_written_anywhere(output: Output):
    assert "secret" not in output.text
    assert "You are the agent of" not in output.text


def test_failures_write_no_text_either(
    pipeline: Any, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")
    pipeline.models["analysis"] = FakeModel(Reply("the-secret-analysis", stop_reason="guardrail_intervened"))
    pipeline.error(EVENT)
    pipeline.error({"query": "a-secret-topic" * 500})
    pipeline.error({**EVENT, "budget_usd": 1})
    out, err = capfd.readouterr()
    assert "Execution failed" in caplog.text, "the SDK's own log lines are not seen"
    assert "secret" not in out + err + caplog.text
    assert Output(out).metrics()["Failures", "DurableAgentPipeline", "GuardrailIntervened"] == 1


def test_a_failed_agent_writes_the_line_that_the_dashboard_looks_for(pipeline: Any, capfd: pytest.CaptureFixture[str]):
    pipeline.models["analysis"] = FakeModel(Reply("blocked", stop_reason="guardrail_intervened"))
    pipeline.error(EVENT)
    lines = [
        line["message"] for line in Output(capfd.readouterr().out).logs if fnmatchcase(line["message"], FAILED_LINE)
    ]
    assert lines == ["agent=<analysis>, error=<GuardrailIntervened> | agent failed"]


def test_a_model_without_a_price_emits_no_cost_rather_than_a_cost_of_nothing(
    pipeline: Any, capfd: pytest.CaptureFixture[str]
):
    pipeline.result(EVENT)
    names = {key[0] for key in Output(capfd.readouterr().out).metrics()}
    assert "ModelCalls" in names
    assert "CostUSD" not in names


def test_tools_are_counted_per_agent(pipeline: Any, tmp_path: Any, capfd: pytest.CaptureFixture[str]):
    declare_clerk(tmp_path, "{'k': 'v'}[key]")
    pipeline.set_environment(AGENTS_FOLDER=str(tmp_path), PIPELINE_NAME="p")
    uses = (("look_up", {"key": "k"}), ("look_up", {"key": "unknown"}))
    pipeline.models["clerk"] = FakeModel(Reply("", tool_uses=uses), THROTTLED, "done")
    pipeline.result(EVENT)
    assert pipeline.invocations == 2
    metrics = Output(capfd.readouterr().out).metrics()
    assert (metrics["ToolCalls", "p", "clerk"], metrics["ToolErrors", "p", "clerk"]) == (2, 1)


def test_a_call_that_was_put_off_is_counted_once_per_agent(
    pipeline: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("durable_strands.gate.WORTHWHILE_SECONDS", 1e-9)
    monkeypatch.setattr("durable_strands.gate._needed", lambda *_: float("inf"))  # fits only as the first of one
    pipeline.set_environment(PIPELINE_NAME="p")
    usage = pipeline.result(EVENT)["usage"]
    assert pipeline.invocations == 3
    metrics = Output(capfd.readouterr().out).metrics()
    told = {key[2:]: count for key, count in metrics.items() if key[0] == "Deferrals"}
    assert told == {("analysis",): 1, ("summary",): 1}
    assert (usage["deferrals"], usage["attempts"], usage["model_calls"]) == (2, 3, 3)
    pipeline.replay()
    assert "Deferrals" not in {key[0] for key in Output(capfd.readouterr().out).metrics()}
