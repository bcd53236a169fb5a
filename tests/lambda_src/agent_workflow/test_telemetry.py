"""telemetry.py: metrics as documents, logs with the execution's name."""

import json
import os
from decimal import Decimal
from typing import Any

import pytest

from agent_workflow.privacy import keep_texts_out_of_spans
from agent_workflow.settings import read_settings
from agent_workflow.telemetry import METRICS, emit, execution_logger, execution_name

SETTINGS = read_settings({"PIPELINE_NAME": "p"})


def emitted(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_each_metric_stands_once_in_the_table():
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_a_document_has_exactly_the_dimensions_of_its_metrics(capsys: pytest.CaptureFixture[str]):
    emit(SETTINGS, {"CostUSD": Decimal("0.001"), "ModelCalls": 1}, Agent="research", Model="m")
    document = emitted(capsys)
    (block,) = document["_aws"]["CloudWatchMetrics"]
    assert block["Namespace"] == "DurableAgentPipeline"
    assert block["Dimensions"] == [["Pipeline", "Agent", "Model"]]
    assert block["Metrics"] == [{"Name": "CostUSD", "Unit": "None"}, {"Name": "ModelCalls", "Unit": "Count"}]
    assert (document["Pipeline"], document["Agent"], document["Model"]) == ("p", "research", "m")
    assert (document["CostUSD"], document["ModelCalls"]) == ([0.001], [1.0])


def test_the_service_name_adds_no_dimension_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "durable-agent-pipeline")
    emit(SETTINGS, {"Failures": 1}, ErrorType="ModelThrottled")
    assert emitted(capsys)["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Pipeline", "ErrorType"]]


def test_fails_when_a_metric_is_emitted_under_other_dimensions():
    with pytest.raises(ValueError, match="metric Failures must have the dimensions"):
        emit(SETTINGS, {"Failures": 1}, Agent="research")


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:lambda:eu-west-1:123456789012:function:f:7/durable-execution/order-1/0f8fad5b", "order-1"),
        ("0f8fad5b-d9cb/469f-a165", "0f8fad5b-d9cb/469f-a165"),
    ],
)
def test_the_correlation_id_is_the_executions_name(arn: str, name: str):
    assert execution_name(arn) == name
    assert execution_logger(SETTINGS, arn).get_correlation_id() == name


def test_spans_leave_texts_out_unless_the_deployment_decided_otherwise(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OTEL_SEMCONV_STABILITY_OPT_IN", raising=False)
    keep_texts_out_of_spans()
    assert os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] == "gen_ai_unredacted_attributes="
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "gen_ai_unredacted_attributes=*")
    keep_texts_out_of_spans()
    assert os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] == "gen_ai_unredacted_attributes=*"
