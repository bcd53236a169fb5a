"""The alarms as a table: metric, threshold, what it means, what to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from ..choices.props import PipelineProps
from .pipeline_metrics import PipelineMetrics

MAX_OPERATIONS = 3_000
MAX_STORAGE_BYTES = 100_000_000
_NEAR = 0.8
_FULL = 0.95
"""Above where an execution hands over."""
_FIVE_MINUTES, _QUARTER, _HOUR, _DAY = (Duration.minutes(5), Duration.minutes(15), Duration.hours(1), Duration.days(1))

Read = Callable[[PipelineMetrics, Duration], Sequence[cloudwatch.IMetric]]
"""From a pipeline's metrics and a period to what an alarm watches."""


@dataclass(frozen=True, kw_only=True)
class AlarmRule:
    """One alarm: rings when the metric reaches the threshold within one period."""

    name: str
    """Construct id, key of `alarms`, and the heading of the runbook's section."""

    metrics: Read
    """Mostly one; more where CloudWatch cannot sum all in one alarm: then each is an alarm of its own."""

    means: str
    do: str
    severity: str = "page"
    threshold: Callable[[PipelineProps], float] = lambda _: 1
    period: Duration = _FIVE_MINUTES
    periods: int = 1
    datapoints: int | None = None
    """How many of the periods must be over the threshold. Default: all."""


def _pipeline(key: str, statistic: str | None = None) -> Read:
    return lambda metrics, period: [metrics.of_pipeline(key, period=period, statistic=statistic)]


def _models(key: str) -> Read:
    return lambda metrics, period: metrics.sums_over_models(key, period=period)


RULES = (
    AlarmRule(
        name="Failed",
        metrics=_pipeline("failed"),
        means="an execution ended as FAILED: its caller has no report",
        do="read its error type, then follow the error's row",
    ),
    AlarmRule(
        name="TimedOut",
        metrics=_pipeline("timed_out"),
        means="an execution reached execution_timeout before it finished",
        do="find the operation it waited in",
    ),
    AlarmRule(
        name="Errors",
        metrics=_pipeline("errors"),
        means=(
            "an invocation crashed or timed out; Lambda runs the execution again and again, so neither Failed nor "
            "TimedOut rings before execution_timeout"
        ),
        do="read the last platform.report lines; if a deployment just began, take the alias back",
    ),
    AlarmRule(
        name="Stuck",
        metrics=lambda metrics, period: [metrics.stuck(period)],
        period=_HOUR,
        means=(
            "within an hour the function was invoked three times or more, yet no model call returned and no "
            "execution ended"
        ),
        do="look at the running executions' histories, stop what cannot go on",
    ),
    AlarmRule(
        name="Slow",
        metrics=_pipeline("execution_duration", "Maximum"),
        severity="ticket",
        threshold=lambda props: props.slow_execution.to_milliseconds(),
        means="an execution took longer than slow_execution allows",
        do="compare the agents' durations with Bedrock's latency",
    ),
    AlarmRule(
        name="Throttled",
        metrics=_pipeline("throttles"),
        means="Lambda refused invocations: the concurrency of the account or of the function is used up",
        do="raise the concurrency or spread the starts",
    ),
    AlarmRule(
        name="Utilization",
        metrics=_pipeline("utilization"),
        threshold=lambda _: 100 * _NEAR,
        means="the account runs 80 % of the durable executions it may run; at 100 % new ones are refused",
        do="find who starts them, stop what should not run, ask for quota",
    ),
    AlarmRule(
        name="ModelThrottled",
        metrics=_models("model_throttles"),
        severity="ticket",
        threshold=lambda _: 10,
        periods=3,
        means="Bedrock keeps throttling a model in use; calls back off and executions get slower",
        do="look at the quota row, ask for quota or use another profile",
    ),
    AlarmRule(
        name="ModelErrors",
        metrics=_models("model_server_errors"),
        threshold=lambda _: 5,
        periods=2,
        means="Bedrock answers with server errors; calls are retried, then executions fail",
        do="check the service's health, switch the model if it lasts",
    ),
    AlarmRule(
        name="Operations",
        metrics=_pipeline("operations"),
        severity="ticket",
        threshold=lambda _: _FULL * MAX_OPERATIONS,
        means="an execution used 95 % of the 3,000 durable operations it may have and did not hand over",
        do="lower HAND_OVER_OPERATIONS, or the branches at the same time",
    ),
    AlarmRule(
        name="Storage",
        metrics=_pipeline("storage"),
        severity="ticket",
        threshold=lambda _: _FULL * MAX_STORAGE_BYTES,
        means="an execution wrote 95 % of the 100 MB of checkpoints it may write and did not hand over",
        do="let large results go to the bucket, or shorten the tools' results",
    ),
    AlarmRule(
        name="Spend",
        metrics=_pipeline("total_cost"),
        threshold=lambda props: float(props.spend_per_hour_usd),
        period=_HOUR,
        means="the models cost more in an hour than spend_per_hour_usd allows",
        do="find the agent that spends, set a budget ceiling",
    ),
    AlarmRule(
        name="DeadLetters",
        metrics=lambda metrics, period: [metrics.never_started(period)],
        severity="ticket",
        period=_QUARTER,
        means="there are more new dead letters than failed or stopped executions: some events were given up",
        do="read the messages, repair the cause, send the events again",
    ),
    AlarmRule(
        name="DeadLetterErrors",
        metrics=_pipeline("dead_letter_errors"),
        means="Lambda could not write a dead letter: that event is lost",
        do="check the queue's and the key's policy and the role's right to both",
    ),
    AlarmRule(
        name="Undelivered",
        metrics=_pipeline("undelivered"),
        severity="ticket",
        means="a rule or a schedule of the pipeline could not deliver: a start or a notification did not happen",
        do="read the message, repair the permission it names, start again",
    ),
    AlarmRule(
        name="LegacyModel",
        metrics=_models("legacy_model"),
        severity="ticket",
        period=_DAY,
        periods=7,
        datapoints=1,
        means="a model in use within the last seven days is legacy: it will be retired",
        do="choose its successor with the models keyword",
    ),
)
"""In the order of the runbook."""
