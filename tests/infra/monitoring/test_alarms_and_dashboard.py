"""Alarms and dashboard: every metric is a real one, every alarm says what to do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.assertions import Template

from agent_workflow.telemetry import METRICS
from infra.durable_agent_pipeline import AlarmChoice, DurableAgentPipeline
from infra.durable_agent_pipeline.monitoring.alarm_rules import RULES
from infra.durable_agent_pipeline.monitoring.metric_methods import MetricMethods
from infra.durable_agent_pipeline.monitoring.metrics import FACTS
from infra.durable_agent_pipeline.monitoring.pipeline_metrics import MAX_SUMMANDS
from tests.fakes import FAILED_LINE
from tests.infra.apps import ACCOUNT, PACKAGED_AGENTS, ROOT, new_stack, properties, template_of

# What AWS documents for durable executions, invocations, queues and Bedrock, with their dimensions; the pages are named
# beside the rows of infra/durable_agent_pipeline/monitoring/metrics.py. Read 2026-11-22.
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
    "AWS/SQS": {name: {"QueueName"} for name in ("ApproximateNumberOfMessagesVisible", "NumberOfMessagesSent")},
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
    # failures are by error type, which only the log query can enumerate; without a packaged tool nothing is cited
    elsewhere = {("DurableAgentPipeline", name) for name in ("Failures", "CitationsVerified", "CitationsDropped")}
    assert {(fact.namespace, fact.name) for fact in FACTS.values()} - used == elsewhere


def test_every_metric_that_the_lambda_emits_has_a_method():
    ours = {fact.name for fact in FACTS.values() if fact.namespace == "DurableAgentPipeline"}
    assert ours == {metric.name for metric in METRICS}


def test_every_metric_of_the_table_has_a_method_of_its_name(pipeline: DurableAgentPipeline):
    assert {name.removeprefix("metric_") for name in vars(MetricMethods) if name.startswith("metric_")} == set(FACTS)
    for key, fact in FACTS.items():
        arguments = {
            "model_latency": ["global.anthropic.claude-sonnet-4-6"],
            "time_to_first_token": ["global.anthropic.claude-sonnet-4-6"],
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
        "Model": "global.anthropic.claude-sonnet-4-6",
    }


def test_fails_when_a_metric_is_asked_for_an_agent_that_is_not_there(pipeline: DurableAgentPipeline):
    with pytest.raises(ValueError, match=r"agent must be one of research, .*, got 'writer'"):
        pipeline.metric_cost("writer")


def test_the_alarms_are_those_that_are_asked_for(pipeline: DurableAgentPipeline):
    assert list(pipeline.alarms) == [
        *("Failed", "TimedOut", "Errors", "Stuck", "Slow", "Throttled", "Utilization", "ModelThrottled", "ModelErrors"),
        *("Operations", "Storage", "Spend", "DeadLetters", "DeadLetterErrors", "Undelivered", "LegacyModel"),
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


def many_models(folder: Path, count: int) -> Path:
    """An agents folder whose agents have a model each."""
    (folder / "prompts").mkdir()
    entries = []
    for number in range(count):
        (folder / "prompts" / f"agent{number}.md").write_text("Be brief.", encoding="utf-8")
        entries.append(
            f'[[agents]]\nname = "agent{number}"\ninputs = ["query"]\nmodel = "acme.model{number}-v1"\nmax_tokens = 9'
        )
    (folder / "agents.toml").write_text("\n".join(entries), encoding="utf-8")
    return folder


def test_no_alarm_vanishes_however_many_models_there_are(tmp_path: Path):
    stack = new_stack()
    made = DurableAgentPipeline(stack, "Pipeline", agents=many_models(tmp_path, 12))
    assert {rule.name for rule in RULES} <= made.alarms.keys()
    for name in ("ModelThrottled", "ModelErrors", "LegacyModel"):
        assert f"{name}2" in made.alarms
    template = Template.from_stack(stack)
    summed = [
        sum("MetricStat" in metric for metric in alarm["Properties"].get("Metrics", []))
        for alarm in alarms_of(template).values()
    ]
    assert max(summed) <= MAX_SUMMANDS
    watched = {dimensions["ModelId"] for namespace, _, dimensions in in_alarms(template) if namespace == "AWS/Bedrock"}
    assert watched == {f"acme.model{number}-v1" for number in range(12)}


def alarms_of(template: Template) -> dict[str, dict[str, Any]]:
    """Name in the table -> the alarm's resource."""
    found = template.find_resources("AWS::CloudWatch::Alarm")
    return {key.removeprefix("PipelineAlarms")[:-8]: dict(alarm) for key, alarm in found.items()}


def watched(alarm: dict[str, Any]) -> dict[str, Any]:
    """The one metric of an alarm, with its statistic and period."""
    (metric,) = alarm["Properties"]["Metrics"]
    return dict(metric["MetricStat"])


def test_what_is_summed_over_all_agents_is_one_metric(default: Template):
    metric = watched(alarms_of(default)["Spend"])["Metric"]
    assert (metric["MetricName"], [d["Name"] for d in metric["Dimensions"]]) == ("TotalCostUSD", ["Pipeline"])


def test_one_slow_execution_rings(default: Template):
    slow = alarms_of(default)["Slow"]
    assert (watched(slow)["Stat"], slow["Properties"]["EvaluationPeriods"]) == ("Maximum", 1)


def test_a_legacy_model_that_is_called_once_a_week_rings_without_a_pause(default: Template):
    legacy = alarms_of(default)["LegacyModel"]["Properties"]
    days = [m["MetricStat"]["Period"] for m in legacy.get("Metrics", []) if "MetricStat" in m] or [legacy["Period"]]
    assert (set(days), legacy["EvaluationPeriods"], legacy["DatapointsToAlarm"]) == ({86_400}, 7, 1)


def value_of(alarm: dict[str, Any], sums: dict[str, float]) -> float:
    """What CloudWatch would compute of the alarm's expression in a period with these sums."""
    (expression,) = [m["Expression"] for m in alarm["Properties"]["Metrics"] if "Expression" in m]
    known = {"FILL": lambda value, _: value, "IF": lambda test, yes, no: yes if test else no}
    spoken = expression.replace(" AND ", " and ")
    return float(eval(spoken, {**known, **sums}))


@pytest.mark.parametrize(
    ("sent", "ended", "rings"),
    [(1, {"failed": 1}, False), (3, {"failed": 1, "timed_out": 1, "stopped": 1}, False), (2, {"failed": 1}, True)],
)
def test_dead_letters_do_not_ring_for_what_failed_has_told_already(
    default: Template, sent: int, ended: dict[str, int], *, rings: bool
):
    sums: dict[str, float] = {"dead_letters_sent": sent, "failed": 0, "timed_out": 0, "stopped": 0, **ended}
    alarm = alarms_of(default)["DeadLetters"]
    assert (value_of(alarm, sums) >= alarm["Properties"]["Threshold"]) is rings


def test_no_alarm_rings_for_messages_that_merely_lie_in_a_queue(default: Template):
    assert "ApproximateNumberOfMessagesVisible" not in {name for _, name, _ in in_alarms(default)}


@pytest.mark.parametrize(
    ("sums", "rings"),
    [
        ({"invocations": 4}, True),
        ({"invocations": 4, "total_calls": 1}, False),
        ({"invocations": 4, "failed": 1}, False),
        ({"invocations": 2}, False),
        ({}, False),
    ],
)
def test_an_execution_that_is_invoked_again_and_again_for_nothing_rings(
    default: Template, sums: dict[str, float], *, rings: bool
):
    quiet = dict.fromkeys(("invocations", "total_calls", "succeeded", "failed", "timed_out", "stopped"), 0.0)
    alarm = alarms_of(default)["Stuck"]
    assert (value_of(alarm, quiet | sums) >= alarm["Properties"]["Threshold"]) is rings


def test_what_the_service_loses_or_refuses_rings(default: Template):
    found = alarms_of(default)
    for name, metric, threshold in (
        ("Errors", "Errors", 1),
        ("DeadLetterErrors", "DeadLetterErrors", 1),
        ("Utilization", "ApproximateRunningDurableExecutionsUtilization", 80),
        ("Undelivered", "NumberOfMessagesSent", 1),
    ):
        assert found[name]["Properties"]["Threshold"] == threshold
        assert watched(found[name])["Metric"]["MetricName"] == metric
    told = found["Errors"]["Properties"]["AlarmDescription"]
    assert "neither Failed nor TimedOut rings before execution_timeout" in told


def test_an_alarm_can_be_changed_or_left_out():
    stack = new_stack()
    choices = {"Slow": AlarmChoice(threshold=5_000, severity="page"), "LegacyModel": AlarmChoice(enabled=False)}
    made = DurableAgentPipeline(stack, "Pipeline", alarm_choices=choices)
    assert "LegacyModel" not in made.alarms
    slow = alarms_of(Template.from_stack(stack))["Slow"]["Properties"]
    assert slow["Threshold"] == 5_000
    assert slow["AlarmDescription"].startswith("PAGE Stack/Pipeline: ")
    assert {"Key": "severity", "Value": "page"} in slow["Tags"]


def test_fails_when_a_choice_names_no_alarm_or_breaks_its_rule():
    with pytest.raises(ValueError, match=r"alarm_choices must name alarms \(Failed, .*\), got Loud"):
        template_of(alarm_choices={"Loud": AlarmChoice()})
    with pytest.raises(ValueError, match="threshold of an alarm must be a number above 0, got 0"):
        AlarmChoice(threshold=0)
    with pytest.raises(ValueError, match="severity of an alarm must be one of page, ticket, got 'loud'"):
        AlarmChoice(severity="loud")  # type: ignore[arg-type]


def test_metrics_for_others_name_their_region_and_account():
    models = dict.fromkeys(PACKAGED_AGENTS, "eu.anthropic.claude-sonnet-4-6")
    found = DurableAgentPipeline(new_stack("eu-west-1"), "Pipeline", models=models).metric_failed()
    assert isinstance(found, cloudwatch.Metric)
    assert (found.region, found.account) == ("eu-west-1", ACCOUNT)


def test_no_graph_is_narrower_than_a_quarter_of_the_page(default: Template):
    (board,) = default.find_resources("AWS::CloudWatch::Dashboard").values()
    parts = board["Properties"]["DashboardBody"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "TOKEN" for part in parts)
    widgets = json.loads(text)["widgets"]
    assert min(widget["width"] for widget in widgets if widget["properties"].get("view") != "singleValue") >= 6


def test_the_error_tables_show_refusals_too(default: Template):
    board = str(properties(default, "AWS::CloudWatch::Dashboard"))
    assert "ispresent(record.errorType)" in board
    assert "by record.errorType" in board


def test_a_runbook_of_the_callers_is_linked():
    url = "https://wiki.example.com/runbook"
    linked = template_of(runbook_url=url)
    assert alarms_of(linked)["Failed"]["Properties"]["AlarmDescription"].endswith(f"Runbook: {url}#failed")
    assert f"[Runbook]({url})" in str(properties(linked, "AWS::CloudWatch::Dashboard"))


@pytest.mark.parametrize(
    ("name", "threshold"),
    [("Operations", 2850), ("Storage", 95_000_000), ("Slow", 3_600_000), ("Spend", 7)],
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
        "What waits for people?",
        "What failed last?",
    ]
    places = [text.index(question) for question in questions]
    assert places == sorted(places)


def widgets_of(template: Template) -> list[dict[str, Any]]:
    body = properties(template, "AWS::CloudWatch::Dashboard")["DashboardBody"]
    text = "".join(part if isinstance(part, str) else "TOKEN" for part in body["Fn::Join"][1])
    return [dict(widget) for widget in json.loads(text)["widgets"]]


def test_a_graph_near_a_limit_marks_where_its_alarm_goes_off_as_chosen():
    template = template_of(alarm_choices={"Operations": AlarmChoice(threshold=99), "Slow": AlarmChoice(enabled=False)})
    marks = {
        widget["properties"]["title"]: {mark["label"]: mark["value"] for mark in given["horizontal"]}
        for widget in widgets_of(template)
        if (given := widget["properties"].get("annotations"))
    }
    assert marks["Operations of one execution"] == {"limit": 3000, "alarm": 99}
    assert marks["Checkpoint bytes of one execution"] == {"limit": 100_000_000, "alarm": 95_000_000}
    assert marks["Running executions (whole account)"] == {"limit": 100, "alarm": 80}
    assert "Executions and invocations" not in marks


def test_no_graph_has_more_lines_than_can_be_told_apart(default: Template):
    graphs = [widget for widget in widgets_of(default) if widget["type"] == "metric"]
    shown = [
        [line for line in widget["properties"]["metrics"] if not (isinstance(line[-1], dict) and "visible" in line[-1])]
        for widget in graphs
    ]
    assert max(map(len, shown)) <= 6


def test_the_page_begins_with_what_to_do_next_and_the_figures_at_a_glance(default: Template):
    head, alarms, *rest = widgets_of(default)
    assert "scripts/pipeline show EXECUTION" in head["properties"]["markdown"]
    assert alarms["type"] == "alarm"
    figures = [widget["properties"]["title"] for widget in rest if widget["properties"].get("view") == "singleValue"]
    assert figures[:4] == ["Succeeded", "Failed and timed out", "How slow (p95, ms)", "Cost (USD)"]


def test_the_log_query_looks_for_the_line_of_a_failed_agent(default: Template):
    assert FAILED_LINE in str(properties(default, "AWS::CloudWatch::Dashboard"))


def test_bad_endings_are_told_without_what_they_were_given_or_gave(default: Template):
    rule = properties(default, "AWS::Events::Rule")
    assert rule["EventPattern"]["detail"]["status"] == ["FAILED", "TIMED_OUT", "STOPPED"]
    template = rule["Targets"][0]["InputTransformer"]
    assert set(template["InputPathsMap"].values()) == {
        "$.detail.durableExecutionName",
        "$.detail.status",
        "$.detail.durableExecutionArn",
    }
