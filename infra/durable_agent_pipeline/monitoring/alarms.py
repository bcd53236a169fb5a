"""The alarms of one pipeline, made from the table of rules."""

from collections.abc import Mapping

from aws_cdk import Tags
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from ..choices.alarm_choice import AlarmChoice
from ..choices.props import PipelineProps
from ..names import RUNBOOK
from .alarm_rules import RULES, AlarmRule
from .pipeline_metrics import PipelineMetrics

_AS_IT_IS = AlarmChoice()


def alarms(
    scope: Construct, props: PipelineProps, metrics: PipelineMetrics, topic: sns.ITopic
) -> Mapping[str, cloudwatch.Alarm]:
    """Create the alarms of the table; each notifies the topic when it goes off and when it is over.

    Where CloudWatch cannot sum all models in one alarm there are several: ModelErrors, ModelErrors2, ...

    Raises:
        ValueError: when alarm_choices names an alarm that does not exist.
    """
    _refuse_unknown(props)
    folder = Construct(scope, "Alarms")
    action = actions.SnsAction(topic)
    made = {}
    for rule in RULES:
        if not _choice(rule, props).enabled:
            continue
        for number, metric in enumerate(rule.metrics(metrics, rule.period), 1):
            name = rule.name if number == 1 else f"{rule.name}{number}"
            alarm = cloudwatch.Alarm(
                folder,
                name,
                metric=metric,
                threshold=_threshold(rule, props),
                evaluation_periods=rule.periods,
                datapoints_to_alarm=rule.datapoints,
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
                alarm_description=describe(rule, metrics.pipeline_name, props),
            )
            Tags.of(alarm).add("severity", _severity(rule, props))
            alarm.add_alarm_action(action)
            alarm.add_ok_action(action)
            made[name] = alarm
    return made


def threshold(name: str, props: PipelineProps) -> float | None:
    """Where an alarm goes off, as chosen or by itself; None if it was left out."""
    rule = next(rule for rule in RULES if rule.name == name)
    return _threshold(rule, props) if _choice(rule, props).enabled else None


def describe(rule: AlarmRule, pipeline_name: str, props: PipelineProps) -> str:
    """What whoever is woken reads first."""
    severity = _severity(rule, props).upper()
    return f"{severity} {pipeline_name}: {rule.means}. Next: {rule.do}. Runbook: {section(rule.name, props)}"


def section(name: str, props: PipelineProps) -> str:
    """Where the runbook describes an alarm: a link if the caller has one, else a place in this repository."""
    return f"{props.runbook_url or RUNBOOK}#{name.lower()}"


def _threshold(rule: AlarmRule, props: PipelineProps) -> float:
    return _choice(rule, props).threshold or rule.threshold(props)


def _severity(rule: AlarmRule, props: PipelineProps) -> str:
    return _choice(rule, props).severity or rule.severity


def _choice(rule: AlarmRule, props: PipelineProps) -> AlarmChoice:
    return props.alarm_choices.get(rule.name, _AS_IT_IS)


def _refuse_unknown(props: PipelineProps) -> None:
    known = [rule.name for rule in RULES]
    if unknown := sorted(props.alarm_choices.keys() - set(known)):
        raise ValueError(f"alarm_choices must name alarms ({', '.join(known)}), got {', '.join(unknown)}")
