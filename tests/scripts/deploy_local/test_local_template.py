"""The template loses exactly what the emulator cannot create; everything else stays as synthesized."""

import copy

from scripts.deploy_local.local_template import ALARM, LEFT_OUT, REWRITTEN, Change, absent, localized

QUEUE, DASHBOARD, COMPOSITE = "AWS::SQS::Queue", "AWS::CloudWatch::Dashboard", "AWS::CloudWatch::CompositeAlarm"
SUPPORTED = {ALARM, QUEUE, DASHBOARD}
STAT = {"Metric": {"MetricName": "Errors", "Namespace": "AWS/Lambda"}, "Period": 300, "Stat": "Sum"}
MATH = {
    "Type": ALARM,
    "Properties": {"Metrics": [{"Expression": "m0 * 2", "Id": "e"}, {"Id": "m0", "MetricStat": STAT}]},
}


def alarm(stat):
    metrics = [{"Id": "m1", "Label": "a label", "MetricStat": stat, "ReturnData": True}]
    return {"Type": ALARM, "DependsOn": ["Queue"], "Properties": {"Threshold": 1, "Metrics": metrics}}


def changed(**resources):
    return localized({"Resources": resources}, SUPPORTED)


def test_a_template_that_the_emulator_can_create_is_not_changed():
    template = {"Resources": {"Queue": {"Type": QUEUE}}, "Outputs": {"Name": {"Value": {"Ref": "Queue"}}}}
    before = copy.deepcopy(template)
    assert localized(template, SUPPORTED) == (before, ())
    assert template == before


def test_an_alarm_on_one_metric_becomes_the_same_alarm_in_the_older_form():
    template, changes = changed(Alarm=alarm(STAT))
    expected = {"Threshold": 1, "MetricName": "Errors", "Namespace": "AWS/Lambda", "Period": 300, "Statistic": "Sum"}
    assert template["Resources"]["Alarm"] == {"Type": ALARM, "DependsOn": ["Queue"], "Properties": expected}
    assert [(change.logical_id, change.change) for change in changes] == [("Alarm", REWRITTEN)]


def test_a_percentile_becomes_an_extended_statistic_and_a_unit_is_kept():
    template, _ = changed(Alarm=alarm({**STAT, "Stat": "p95", "Unit": "Milliseconds"}))
    properties = template["Resources"]["Alarm"]["Properties"]
    assert (properties["ExtendedStatistic"], properties["Unit"]) == ("p95", "Milliseconds")
    assert "Statistic" not in properties


def test_an_alarm_in_the_older_form_is_not_changed():
    plain = {"Type": ALARM, "Properties": {"MetricName": "Errors"}}
    assert changed(Alarm=plain) == ({"Resources": {"Alarm": plain}}, ())


def test_metric_math_is_left_out_with_its_reason():
    template, changes = changed(Spend=MATH, Queue={"Type": QUEUE})
    assert list(template["Resources"]) == ["Queue"]
    assert changes == (Change("Spend", ALARM, LEFT_OUT, "the emulator has no metric math"),)


def test_an_alarm_on_a_single_expression_is_left_out():
    template, _ = changed(Quota={"Type": ALARM, "Properties": {"Metrics": [{"Expression": "SERVICE_QUOTA(1)"}]}})
    assert template["Resources"] == {}


def test_an_unknown_type_is_left_out_but_a_custom_resource_is_not():
    template, changes = changed(Both={"Type": COMPOSITE}, Mine={"Type": "Custom::Mine"})
    assert list(template["Resources"]) == ["Mine"]
    assert [change.logical_id for change in changes] == ["Both"]


def test_every_reference_to_what_was_left_out_is_replaced():
    body = {"Fn::Join": ["", ["[", {"Fn::GetAtt": ["Spend", "Arn"]}, {"Fn::GetAtt": ["Queue", "Arn"]}, "]"]]}
    board = {"Type": DASHBOARD, "DependsOn": ["Spend", "Queue"], "Properties": {"DashboardBody": body}}
    template, _ = localized(
        {
            "Resources": {"Spend": MATH, "Queue": {"Type": QUEUE, "DependsOn": "Spend"}, "Board": board},
            "Outputs": {"Alarm": {"Value": {"Ref": "Spend"}}, "Dotted": {"Value": {"Fn::GetAtt": "Spend.Arn"}}},
        },
        SUPPORTED,
    )
    gone = absent("Spend")
    join = template["Resources"]["Board"]["Properties"]["DashboardBody"]["Fn::Join"]
    assert join == ["", ["[", gone, {"Fn::GetAtt": ["Queue", "Arn"]}, "]"]]
    assert template["Resources"]["Board"]["DependsOn"] == ["Queue"]
    assert template["Resources"]["Queue"]["DependsOn"] == []
    assert [output["Value"] for output in template["Outputs"].values()] == [gone, gone]


def test_what_empties_a_bucket_before_its_deletion_is_left_out():
    parts = {"CustomS3AutoDeleteObjectsCustomResourceProviderHandler1": {"Type": QUEUE}}
    bucket = {"Type": "Custom::S3AutoDeleteObjects", "DependsOn": list(parts)}
    template, changes = changed(Queue={"Type": QUEUE}, BucketEmptied=bucket, **parts)
    assert template["Resources"] == {"Queue": {"Type": QUEUE}}
    assert {change.logical_id for change in changes} == {"BucketEmptied", *parts}
