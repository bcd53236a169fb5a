"""The alarms as a table: metric, threshold, what it means, what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aws_cdk import Annotations, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from .pipeline_metrics import PipelineMetrics
from .props import PipelineProps

MAX_OPERATIONS = 3_000
MAX_STORAGE_BYTES = 100_000_000
_NEAR = 0.8

MAX_SUMMANDS = 10
"""Most metrics that one alarm may sum, by CloudWatch's quota."""


@dataclass(frozen=True, kw_only=True)
class AlarmRule:
    """One alarm: rings when the metric reaches the threshold within one period."""

    name: str
    """Construct id, key of `alarms`, and the heading of the runbook's section."""

    metric: Callable[[PipelineMetrics, Duration], cloudwatch.IMetric]
    means: str
    do: str
    threshold: Callable[[PipelineProps], float] = lambda _: 1
    period: Duration = Duration.minutes(5)  # noqa: RUF009 - immutable
    periods: int = 1
    summands: Callable[[PipelineMetrics], int] = lambda _: 1
    """How many metrics the sum has."""


def _pipeline(key: str) -> Callable[[PipelineMetrics, Duration], cloudwatch.IMetric]:
    return lambda metrics, period: metrics.of_pipeline(key, period=period)


def _models(key: str) -> Callable[[PipelineMetrics, Duration], cloudwatch.IMetric]:
    return lambda metrics, period: metrics.over_models(key, period=period)


RULES = (
    AlarmRule(
        name="Failed",
        metric=_pipeline("failed"),
        means="an execution ended as FAILED: its caller has no report",
        do="read its error type, then follow the error's row",
    ),
    AlarmRule(
        name="TimedOut",
        metric=_pipeline("timed_out"),
        means="an execution reached execution_timeout before it finished",
        do="find the operation it waited in",
    ),
    AlarmRule(
        name="Slow",
        metric=_pipeline("execution_duration"),
        threshold=lambda props: props.slow_execution.to_milliseconds(),
        periods=3,
        means="the slowest executions take longer than slow_execution allows",
        do="compare the agents' durations with Bedrock's latency",
    ),
    AlarmRule(
        name="Throttled",
        metric=_pipeline("throttles"),
        means="Lambda refused invocations: the concurrency of the account or of the function is used up",
        do="raise the concurrency or spread the starts",
    ),
    AlarmRule(
        name="ModelThrottled",
        metric=_models("model_throttles"),
        summands=lambda metrics: len(metrics.models),
        threshold=lambda _: 10,
        periods=3,
        means="Bedrock keeps throttling a model in use; calls back off and executions get slower",
        do="look at the quota row, ask for quota or use another profile",
    ),
    AlarmRule(
        name="ModelErrors",
        metric=_models("model_server_errors"),
        summands=lambda metrics: len(metrics.models),
        threshold=lambda _: 5,
        periods=2,
        means="Bedrock answers with server errors; calls are retried, then executions fail",
        do="check the service's health, switch the model if it lasts",
    ),
    AlarmRule(
        name="Operations",
        metric=_pipeline("operations"),
        threshold=lambda _: _NEAR * MAX_OPERATIONS,
        means="an execution used 80 % of the 3,000 durable operations it may have",
        do="lower the agents' turn limits",
    ),
    AlarmRule(
        name="Storage",
        metric=_pipeline("storage"),
        threshold=lambda _: _NEAR * MAX_STORAGE_BYTES,
        means="an execution wrote 80 % of the 100 MB of checkpoints it may write",
        do="let large results go to the bucket, or shorten the tools' results",
    ),
    AlarmRule(
        name="Spend",
        metric=lambda metrics, period: metrics.over_agents("cost", period=period),
        summands=lambda metrics: len(metrics.agents),
        threshold=lambda props: float(props.spend_per_hour_usd),
        period=Duration.hours(1),
        means="the models cost more in an hour than spend_per_hour_usd allows",
        do="find the agent that spends, set a budget ceiling",
    ),
    AlarmRule(
        name="DeadLetters",
        metric=_pipeline("dead_letters"),
        means="an event was given up: an execution never started, or the word of a bad ending was not delivered",
        do="read the message, repair the cause, send it again",
    ),
    AlarmRule(
        name="LegacyModel",
        metric=_models("legacy_model"),
        summands=lambda metrics: len(metrics.models),
        period=Duration.hours(1),
        means="a model in use is legacy: it will be retired",
        do="choose its successor with the models keyword",
    ),
)


def alarm_topic(scope: Construct, props: PipelineProps) -> sns.Topic:
    """Where every alarm goes; publishing without TLS is refused."""
    topic = sns.Topic(
        scope,
        "AlarmTopic",
        display_name="Durable agent pipeline alarms",
        enforce_ssl=True,
        master_key=props.encryption_key,
    )
    # a topic policy of any kind replaces the default one, which had let the account's alarms publish
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid="AlarmsOfThisAccount",
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        )
    )
    for subscription in props.alarm_subscriptions:
        topic.add_subscription(subscription)
    return topic


def alarms(
    scope: Construct, props: PipelineProps, metrics: PipelineMetrics, topic: sns.ITopic
) -> Mapping[str, cloudwatch.Alarm]:
    """Create every alarm of the table; each tells the topic when it rings and when it is over.

    An alarm over more agents or models than CloudWatch can sum is left out, with a synth warning.
    """
    folder = Construct(scope, "Alarms")
    action = actions.SnsAction(topic)
    made = {}
    for rule in RULES:
        if rule.summands(metrics) > MAX_SUMMANDS:
            _warn_left_out(scope, rule, rule.summands(metrics))
            continue
        alarm = cloudwatch.Alarm(
            folder,
            rule.name,
            metric=rule.metric(metrics, rule.period),
            threshold=rule.threshold(props),
            evaluation_periods=rule.periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=describe(rule, metrics.pipeline_name, props),
        )
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        made[rule.name] = alarm
    return made


def describe(rule: AlarmRule, pipeline_name: str, props: PipelineProps) -> str:
    """What whoever is woken reads first."""
    return f"{pipeline_name}: {rule.means}. Next: {rule.do}. Runbook: {props.runbook_url}#{rule.name.lower()}"


def _warn_left_out(scope: Construct, rule: AlarmRule, summands: int) -> None:
    Annotations.of(scope).add_warning_v2(
        f"durable-agent-pipeline:no-alarm-{rule.name}",
        f"the alarm {rule.name} is left out: an alarm can sum at most {MAX_SUMMANDS} metrics, got {summands}",
    )
