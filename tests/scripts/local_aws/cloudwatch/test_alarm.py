"""An alarm's state, against the tables of AWS's page on missing data: - is missing, 0 is within, X is over."""

import pytest

from scripts.local_aws.cloudwatch.alarm import Alarm
from scripts.local_aws.cloudwatch.metrics import Datum, MetricId, Metrics

# CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data", columns BREACHING and NOT BREACHING
THREE_OF_THREE = [
    ("0 - X - X", False, False),
    ("0 - - - -", False, False),
    ("- - - - -", True, False),
    ("0 X X - X", True, True),
    ("- - X - -", True, False),
]
TWO_OF_THREE = [
    ("0 - X - X", True, True),
    ("0 0 X 0 X", True, True),
    ("0 - X - -", True, False),
    ("- - - - 0", True, False),
    ("- - - X -", True, False),
]
VALUES = {"-": None, "0": 0.0, "X": 1.0}
ONE = MetricId.of("N", "Failures", {"FunctionName": "f"})


def alarm(**more: object) -> Alarm:
    given = {
        "Namespace": "N", "MetricName": "Failures", "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
        "Statistic": "Sum", "Period": 300, "Threshold": 1, "EvaluationPeriods": 3,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching",
    }  # fmt: skip
    return Alarm.of("Failed", {**given, **more})


@pytest.mark.parametrize(
    ("needed", "points", "breaching", "not_breaching"),
    [(3, *row) for row in THREE_OF_THREE] + [(2, *row) for row in TWO_OF_THREE],
)
def test_missing_datapoints_count_as_aws_says(needed: int, points: str, *, breaching: bool, not_breaching: bool):
    values = [VALUES[point] for point in points.split()]
    for treatment, rings in (("breaching", breaching), ("notBreaching", not_breaching)):
        assert alarm(DatapointsToAlarm=needed, TreatMissingData=treatment).judged(values) is rings


def test_it_rings_at_the_end_of_the_last_period_that_it_needs():
    metrics = Metrics()
    metrics.put(Datum(ONE, at, 1) for at in (10, 310, 610))
    assert alarm().first_rings(metrics, 0, 900) == 900
    assert alarm(EvaluationPeriods=1).first_rings(metrics, 0, 900) == 300
    assert alarm(Threshold=2).first_rings(metrics, 0, 900) is None


def test_a_metric_of_another_name_never_rings_it():
    metrics = Metrics()
    metrics.put([Datum(ONE, 10, 1)])
    assert alarm(EvaluationPeriods=1, MetricName="Failed").first_rings(metrics, 0, 300) is None


def test_metric_math_is_judged_over_the_longest_period_of_its_parts():
    part = {"Id": "m", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "Failures"}, "Period": 3600,
                                      "Stat": "Sum"}, "ReturnData": False}  # fmt: skip
    made = Alarm.of(
        "Stuck",
        {
            "Metrics": [{"Id": "e", "Expression": "IF(FILL(m, 0) >= 2, 1, 0)"}, part], "Threshold": 1,
            "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
        },
    )  # fmt: skip
    metrics = Metrics()
    metrics.put([Datum(MetricId.of("N", "Failures"), at, 1) for at in (5, 3000)])
    assert made.first_rings(metrics, 0, 3600) == 3600
    assert made.first_rings(Metrics(), 0, 3600) is None


def test_fails_when_missing_data_is_treated_in_a_way_that_is_not_emulated():
    with pytest.raises(ValueError, match="TreatMissingData must be breaching or notBreaching here, got 'ignore'"):
        alarm(TreatMissingData="ignore")
