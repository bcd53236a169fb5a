"""Alarms and dashboard: every metric is a real one, every alarm says what to do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.assertions import Annotations, Match, Template

from agent_workflow.telemetry import METRICS
from infra.durable_agent_pipeline import DurableAgentPipeline
from infra.durable_agent_pipeline.alarms import RULES
from infra.durable_agent_pipeline.metric_methods import MetricMethods
from infra.durable_agent_pipeline.metrics import FACTS
from tests.infra.apps import ROOT, new_stack, properties, template_of

# What AWS documents for durable executions, invocations, queues and Bedrock, with their dimensions; the pages are named
# beside the rows of infra/durable_agent_pipeline/metrics.py. Read 2026-11-22.
_OF_THE_FUNCTION = (
    *("DurableExecutionStarted", "DurableExecutionSucceeded", "DurableExecutionFailed", "DurableExecutionTimedOut"),
    *("DurableExecutionStopped", "DurableExecutionDuration", "DurableExecutionOperations"),
    *("DurableExecutionStorageWrittenBytes", "Invocations", "Errors", "Throttles", "Duration", "DeadLetterErrors"),
)
_OF_THE_ACCOUNT = ("ApproximateRunningDurableExecutions", "ApproximateRunningDurableExecutionsUtilization")
_OF_A_MODEL = (
    *("InvocationThrottles", "InvocationServerErrors", "InvocationClientErrors", "InvocationLatency"),
    *("TimeToFirstToken", "EstimatedTPMQuotaUsage", "LegacyModelInvocations"),
)
DOCUMENTED: dict[str, dict[str, set[str]]] = {
    "AWS/Lambda": {name: {"FunctionName"} for name in _OF_THE_FUNCTION} | {name: set() for name in _OF_THE_ACCOUNT},
    "AWS/Bedrock": {name: {"ModelId"} for name in _OF_A_MODEL},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible": {"QueueName"}},
}
EMITTED = {"DurableAgentPipeline": {metric.name: set(metric.dimensions) for metric in METRICS}}
REAL = {**DOCUMENTED, **EMITTED}


@pytest.fixture(scope="module")
def pipeline() -> DurableAgentPipeline:
    return DurableAgentPipeline(new_stack(), "Pipeline")


@pytest.fixture(scope="module")
def default(pipeline: DurableAgentPipeline) -> Template:
    return Template.from_stack(Stack.of(pipeline))


def on_dashboard(template: Template) -> list[tuple[str, str, dict[str, str]]]:
    """Every (namespace, name, dimensions) that a graph draws."""
    body = properties(template, "AWS::CloudWatch::Dashboard")["DashboardBody"]
    text = "".join(part if isinstance(part, str) else "TOKEN" for part in body["Fn::Join"][1])
    lines = [line for widget in json.loads(text)["widgets"] for line in widget["properties"].get("metrics", [])]
    return [_drawn(line) for line in lines if isinstance(line[0], str)]


def _drawn(line: list[Any]) -> tuple[str, str, dict[str, str]]:
    namespace, name, *rest = [word for word in line if isinstance(word, str)]
    return namespace, name, dict(zip(rest[::2], rest[1::2], strict=True))


def in_alarms(template: Template) -> list[tuple[str, str, dict[str, str]]]:
    """Every (namespace, name, dimensions) that an alarm watches."""
    found = []
    for alarm in template.find_resources("AWS::CloudWatch::Alarm").values():
        given = alarm["Properties"]
        stats = [m["MetricStat"]["Metric"] for m in given.get("Metrics", []) if "MetricStat" in m] or [given]
        found += [
            (m["Namespace"], m["MetricName"], {d["Name"]: d["Value"] for d in m.get("Dimensions", [])}) for m in stats
        ]
    return found


def test_every_metric_that_is_drawn_or_watched_is_emitted_by_our_code_or_documented_by_aws(default: Template):
    used = on_dashboard(default) + in_alarms(default)
    assert len(used) > 40
    for namespace, name, dimensions in used:
        assert REAL.get(namespace, {}).get(name) == set(dimensions), (namespace, name, dimensions)


def test_every_metric_of_the_table_is_real_and_shown_or_watched(default: Template):
    assert all(REAL[fact.namespace][fact.name] == set(fact.dimensions) for fact in FACTS.values())
    used = {(namespace, name) for namespace, name, _ in on_dashboard(default) + in_alarms(default)}
    # failures are by error type, which only the log query can enumerate
    assert {(fact.namespace, fact.name) for fact in FACTS.values()} - used == {("DurableAgentPipeline", "Failures")}


def test_every_metric_that_the_lambda_emits_has_a_method():
    ours = {fact.name for fact in FACTS.values() if fact.namespace == "DurableAgentPipeline"}
    assert ours == {metric.name for metric in METRICS}


def test_every_metric_of_the_table_has_a_method_of_its_name(pipeline: DurableAgentPipeline):
    assert {name.removeprefix("metric_") for name in vars(MetricMethods) if name.startswith("metric_")} == set(FACTS)
    for key, fact in FACTS.items():
        arguments = {
            "model_latency": ["us.anthropic.claude-sonnet-4-6"],
            "time_to_first_token": ["us.anthropic.claude-sonnet-4-6"],
        }
        arguments |= {"agent_duration": ["research"], "call_latency": ["research"], "failures": ["ModelThrottled"]}
        found = getattr(pipeline, f"metric_{key}")(*arguments.get(key, []), period=Duration.minutes(1))
        assert fact.name in str(Stack.of(pipeline).resolve(found.to_metric_config().__dict__)) or found.expression


def test_a_metric_of_one_agent_is_that_agents(pipeline: DurableAgentPipeline):
    found = pipeline.metric_input_tokens("analysis")
    assert isinstance(found, cloudwatch.Metric)
    assert found.dimensions == {
        "Pipeline": "Stack/Pipeline",
        "Agent": "analysis",
        "Model": "us.anthropic.claude-sonnet-4-6",
    }


def test_fails_when_a_metric_is_asked_for_an_agent_that_is_not_there(pipeline: DurableAgentPipeline):
    with pytest.raises(ValueError, match="agent must be one of research, analysis, summary, got 'writer'"):
        pipeline.metric_cost("writer")


def test_the_alarms_are_those_that_are_asked_for(pipeline: DurableAgentPipeline):
    assert list(pipeline.alarms) == [
        *("Failed", "TimedOut", "Slow", "Throttled", "ModelThrottled", "ModelErrors"),
        *("Operations", "Storage", "Spend", "DeadLetters", "LegacyModel"),
    ]


def test_every_alarm_tells_the_topic_and_is_quiet_without_data(default: Template):
    (topic,) = default.find_resources("AWS::SNS::Topic")
    for alarm in default.find_resources("AWS::CloudWatch::Alarm").values():
        assert alarm["Properties"]["AlarmActions"] == alarm["Properties"]["OKActions"] == [{"Ref": topic}]
        assert alarm["Properties"]["TreatMissingData"] == "notBreaching"


def test_every_alarm_points_to_a_section_of_the_runbook(default: Template):
    runbook = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    sections = {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", runbook, re.MULTILINE)}
    for rule in RULES:
        assert rule.name.lower() in sections
    for alarm in default.find_resources("AWS::CloudWatch::Alarm").values():
        assert re.search(r"Runbook: docs/operations\.md#[a-z]+$", alarm["Properties"]["AlarmDescription"])


def test_an_alarm_that_cloudwatch_could_not_sum_is_left_out_and_named(tmp_path: Path):
    (tmp_path / "prompts").mkdir()
    entries = []
    for number in range(11):
        (tmp_path / "prompts" / f"agent{number}.md").write_text("Be brief.", encoding="utf-8")
        entries.append(
            f'[[agents]]\nname = "agent{number}"\ninputs = ["query"]\nmodel = "amazon.nova-lite-v1:0"\nmax_tokens = 9'
        )
    (tmp_path / "agents.toml").write_text("\n".join(entries), encoding="utf-8")
    stack = new_stack()
    made = DurableAgentPipeline(stack, "Pipeline", agents=tmp_path)
    assert "Spend" not in made.alarms
    assert "Failed" in made.alarms
    (warning,) = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    assert "the alarm Spend is left out: an alarm can sum at most 10 metrics, got 11" in str(warning.entry.data)


@pytest.mark.parametrize(
    ("name", "threshold"),
    [("Operations", 2400), ("Storage", 80_000_000), ("Slow", 3_600_000), ("Spend", 7)],
)
def test_thresholds_are_limits_or_choices(name: str, threshold: float):
    template = template_of(slow_execution=Duration.hours(1), spend_per_hour_usd="7")
    (alarm,) = [a for key, a in template.find_resources("AWS::CloudWatch::Alarm").items() if f"Alarms{name}" in key]
    assert alarm["Properties"]["Threshold"] == threshold


def test_the_dashboard_asks_an_operators_questions_in_their_order(default: Template):
    text = str(properties(default, "AWS::CloudWatch::Dashboard"))
    questions = [
        "Is it healthy?",
        "How slow is it?",
        "What does it cost?",
        "How near a limit is it?",
        "What failed last?",
    ]
    places = [text.index(question) for question in questions]
    assert places == sorted(places)


def test_the_log_query_reads_what_the_lambda_writes(default: Template):
    workflow = (ROOT / "lambda_src" / "agent_workflow" / "workflow.py").read_text(encoding="utf-8")
    assert "agent=<%s>, error=<%s> | agent failed" in workflow
    assert "agent=<*>, error=<*> | agent failed" in str(properties(default, "AWS::CloudWatch::Dashboard"))


def test_bad_endings_are_told_without_what_they_were_given_or_gave(default: Template):
    rule = properties(default, "AWS::Events::Rule")
    assert rule["EventPattern"]["detail"]["status"] == ["FAILED", "TIMED_OUT", "STOPPED"]
    template = rule["Targets"][0]["InputTransformer"]
    assert set(template["InputPathsMap"].values()) == {
        "$.detail.durableExecutionName",
        "$.detail.status",
        "$.detail.durableExecutionArn",
    }
