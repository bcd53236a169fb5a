"""What is counted of journals and logs has AWS's names, and the values of what happened."""

import json
from collections import defaultdict
from collections.abc import Iterable

import pytest

from scripts.local_aws.cloudwatch import lines
from scripts.local_aws.cloudwatch.counted import Function, of_bedrock, of_lambda, of_log
from scripts.local_aws.cloudwatch.metrics import Datum, MetricId, Metrics

FUNCTION = Function("f", "letters", 4)


def values(data: Iterable[Datum]) -> dict[str, list[float]]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    for datum in data:
        found[datum.metric.name].append(datum.value)
    return dict(found)


def line(event: str, at: float, **more: object) -> dict[str, object]:
    return {"event": event, "at": at, "execution": "one", **more}


def test_an_execution_is_counted_with_its_invocations_operations_and_bytes():
    journal = [
        line("execution_started", 10),
        line("invocation_started", 10.5, pid=7),
        line("operation", 11, operation="research-agent", bytes=None),
        line("operation", 12, operation="research-agent", bytes=40),
        line("operation", 12, operation="research-agent/model-1", bytes=2),
        line("invocation_ended", 12.5, pid=7, status="died"),
        line("invocation_throttled", 12.6),
        line("execution_finished", 20, status="FAILED"),
        line("dead_letter_sent", 20.1),
        line("dead_letter_lost", 20.2),
    ]
    found = values(of_lambda(journal, FUNCTION))
    assert found == {
        "DurableExecutionStarted": [1],
        "ApproximateRunningDurableExecutions": [1, 0],
        "ApproximateRunningDurableExecutionsUtilization": [25, 0],
        "Invocations": [1],
        "Errors": [1],
        "Duration": [2000],
        "Throttles": [1],
        "DurableExecutionFailed": [1],
        "DurableExecutionDuration": [10_000],
        "DurableExecutionOperations": [2],
        "DurableExecutionStorageWrittenBytes": [42],
        "NumberOfMessagesSent": [1],
        "DeadLetterErrors": [1],
    }
    assert all(
        datum.metric.dimensions == {("FunctionName", "f")}
        for datum in of_lambda(journal, FUNCTION)
        if datum.metric.name != "NumberOfMessagesSent" and not datum.metric.name.startswith("Approx")
    )


def test_calls_are_counted_by_model_and_a_call_from_before_is_not():
    def call(event: str, number: int, at: float, error: str | None = None) -> dict[str, object]:
        return {"event": event, "call": number, "at": at, "model_id": "m", "error": error,
                "input_tokens": 5, "output_tokens": 2}  # fmt: skip

    log = [
        call("finished", 1, 1),
        call("started", 2, 2), call("failed", 2, 2.1, "ThrottlingException"),
        call("started", 3, 3), call("token", 3, 3.5), call("token", 3, 3.6), call("finished", 3, 4),
        call("started", 4, 5), call("failed", 4, 5.1, "InternalServerException"),
        call("started", 5, 6), call("failed", 5, 6.1, "ValidationException"),
    ]  # fmt: skip
    assert values(of_bedrock(log, {"m"})) == {
        "InvocationThrottles": [1],
        "TimeToFirstToken": [500],
        "InvocationLatency": [1000],
        "EstimatedTPMQuotaUsage": [7],
        "LegacyModelInvocations": [1],
        "InvocationServerErrors": [1],
        "InvocationClientErrors": [1],
    }
    assert "LegacyModelInvocations" not in values(of_bedrock(log))


def test_an_embedded_metric_is_read_with_its_dimensions_and_other_lines_are_not():
    block = {"Namespace": "N", "Dimensions": [["Pipeline"]], "Metrics": [{"Name": "CostUSD", "Unit": "None"}]}
    document = {"_aws": {"Timestamp": 3000, "CloudWatchMetrics": [block]}, "Pipeline": "p", "CostUSD": [0.5, 1]}
    printed = ["START RequestId: x", '{"level":"INFO"}', json.dumps(document)]
    metric = MetricId.of("N", "CostUSD", {"Pipeline": "p"})
    assert list(of_log(printed)) == [Datum(metric, 3, 0.5), Datum(metric, 3, 1)]
    twice = json.dumps(document) * 2
    assert len(list(of_log([twice, "", twice[:-5]]))) == 6


@pytest.mark.parametrize(
    ("name", "value"),
    [("Sum", 10), ("Average", 2.5), ("Minimum", 1), ("Maximum", 4), ("SampleCount", 4), ("p50", 2.5), ("p100", 4)],
)
def test_a_statistic_is_of_the_values_of_its_period(name: str, value: float):
    metric, metrics = MetricId.of("N", "m"), Metrics()
    metrics.put(Datum(metric, at, number) for at, number in ((299, 99), (300, 1), (400, 2), (500, 3), (599, 4)))
    assert metrics.statistic(metric, name, 300, 300) == value
    assert metrics.statistic(metric, name, 900, 300) is None


def test_fails_when_a_statistic_is_none():
    metrics = Metrics()
    metrics.put([Datum(MetricId.of("N", "m"), 1, 1)])
    with pytest.raises(ValueError, match=r"a statistic must be Sum, .* or p0 to p100, got 'Mean'"):
        metrics.statistic(MetricId.of("N", "m"), "Mean", 0, 300)


def test_a_widgets_lines_are_read_with_what_they_repeat():
    drawn = lines.of_widget(
        {
            "stat": "Sum",
            "metrics": [
                ["N", "a", "F", "f", {"label": "A", "id": "a"}],
                [".", "b", ".", ".", {"stat": "p95", "period": 60, "yAxis": "right"}],
                [{"expression": "a + 1", "label": "more", "id": "e"}],
            ],
        }
    )
    dimensions = {"F": "f"}
    assert [one.metric for one in drawn] == [MetricId.of("N", "a", dimensions), MetricId.of("N", "b", dimensions), None]
    assert [(one.statistic, one.period, one.right) for one in drawn[:2]] == [("Sum", 300, False), ("p95", 60, True)]
    metrics = Metrics()
    metrics.put([Datum(MetricId.of("N", "a", dimensions), 1, 4)])
    assert lines.value(drawn[2], drawn, metrics, 0, 300) == 5
