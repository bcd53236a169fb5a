"""Every metric that the dashboard, the alarms and the callers read: its name, source, statistic and title."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from ..names import NAMESPACE

LAMBDA = "AWS/Lambda"
BEDROCK = "AWS/Bedrock"
SQS = "AWS/SQS"
GREY, GREEN, RED, ORANGE = "#7f8c8d", "#2ca02c", "#d62728", "#ff9900"
"""Readable on white and on black."""


@dataclass(frozen=True)
class MetricFact:
    """One metric as its service emits it."""

    name: str
    namespace: str
    dimensions: tuple[str, ...]
    statistic: str
    title: str
    unit: str
    """As AWS documents it, or as the Lambda emits it."""

    color: str | None = None
    """Of its line, where a colour says more than a name. Default: CloudWatch's."""


def _lambda(name: str, statistic: str, title: str, unit: str = "Count", color: str | None = None) -> MetricFact:
    return MetricFact(name, LAMBDA, ("FunctionName",), statistic, title, unit, color)


def _account(name: str, title: str, unit: str) -> MetricFact:
    return MetricFact(name, LAMBDA, (), "Maximum", title, unit)


def _bedrock(name: str, statistic: str, title: str, unit: str = "Count") -> MetricFact:
    return MetricFact(name, BEDROCK, ("ModelId",), statistic, title, unit)


def _queue(name: str, statistic: str, title: str) -> MetricFact:
    return MetricFact(name, SQS, ("QueueName",), statistic, title, "Count")


def _own(name: str, statistic: str, title: str, unit: str, *more: str) -> MetricFact:
    return MetricFact(name, NAMESPACE, ("Pipeline", *more), statistic, title, unit)


_CALL = ("Agent", "Model")

FACTS: Mapping[str, MetricFact] = {
    # Lambda's durable executions: docs.aws.amazon.com/lambda/latest/dg/durable-monitoring.html
    "started": _lambda("DurableExecutionStarted", "Sum", "Started", color=GREY),
    "succeeded": _lambda("DurableExecutionSucceeded", "Sum", "Succeeded", color=GREEN),
    "failed": _lambda("DurableExecutionFailed", "Sum", "Failed", color=RED),
    "timed_out": _lambda("DurableExecutionTimedOut", "Sum", "Timed out", color=ORANGE),
    "stopped": _lambda("DurableExecutionStopped", "Sum", "Stopped"),
    "execution_duration": _lambda("DurableExecutionDuration", "p95", "Execution p95", "Milliseconds"),
    "operations": _lambda("DurableExecutionOperations", "Maximum", "Operations of one execution"),
    "storage": _lambda("DurableExecutionStorageWrittenBytes", "Maximum", "Written by one execution", "Bytes"),
    "running": _account("ApproximateRunningDurableExecutions", "Running in the account", "Count"),
    "utilization": _account("ApproximateRunningDurableExecutionsUtilization", "Of the account's quota", "Percent"),
    # Lambda's invocations, several per execution: .../dg/monitoring-metrics-types.html
    "invocations": _lambda("Invocations", "Sum", "Invocations"),
    "errors": _lambda("Errors", "Sum", "Invocation errors", color=RED),
    "throttles": _lambda("Throttles", "Sum", "Throttled"),
    "invocation_duration": _lambda("Duration", "p95", "Invocation p95", "Milliseconds"),
    "dead_letter_errors": _lambda("DeadLetterErrors", "Sum", "Dead letters not written"),
    # SQS: .../AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    "dead_letters": _queue("ApproximateNumberOfMessagesVisible", "Maximum", "Dead letters kept"),
    "dead_letters_sent": _queue("NumberOfMessagesSent", "Sum", "New dead letters"),
    "undelivered": _queue("NumberOfMessagesSent", "Sum", "Not delivered"),
    # Bedrock, per account and model: docs.aws.amazon.com/bedrock/latest/userguide/monitoring-runtime-metrics.html
    "model_throttles": _bedrock("InvocationThrottles", "Sum", "throttled"),
    "model_server_errors": _bedrock("InvocationServerErrors", "Sum", "server errors"),
    "model_client_errors": _bedrock("InvocationClientErrors", "Sum", "refused"),
    "model_latency": _bedrock("InvocationLatency", "p95", "p95", "Milliseconds"),
    "time_to_first_token": _bedrock("TimeToFirstToken", "p95", "first token p95", "Milliseconds"),
    "quota_usage": _bedrock("EstimatedTPMQuotaUsage", "Sum", "tokens counted against the quota"),
    "legacy_model": _bedrock("LegacyModelInvocations", "Sum", "calls of a legacy model"),
    # Our own, emitted inside steps only
    "input_tokens": _own("InputTokens", "Sum", "input", "Count", *_CALL),
    "output_tokens": _own("OutputTokens", "Sum", "output", "Count", *_CALL),
    "cache_read_tokens": _own("CacheReadTokens", "Sum", "cache read", "Count", *_CALL),
    "cache_write_tokens": _own("CacheWriteTokens", "Sum", "cache write", "Count", *_CALL),
    "usage_unknown": _own("UsageUnknown", "Sum", "calls of unknown cost", "Count", *_CALL),
    "call_latency": _own("ModelLatency", "p95", "model call p95", "Milliseconds", *_CALL),
    "model_calls": _own("ModelCalls", "Sum", "model calls", "Count", *_CALL),
    "model_retries": _own("ModelRetries", "Sum", "model retries", "Count", *_CALL),
    "cost": _own("CostUSD", "Sum", "USD", "None", *_CALL),
    # The same over all agents: an alarm can sum at most ten metrics
    "total_cost": _own("TotalCostUSD", "Sum", "USD in all", "None"),
    "total_calls": _own("TotalModelCalls", "Sum", "model calls in all", "Count"),
    "agent_duration": _own("AgentDuration", "p95", "p95", "Milliseconds", "Agent"),
    "tool_calls": _own("ToolCalls", "Sum", "tool calls", "Count", "Agent"),
    "tool_errors": _own("ToolErrors", "Sum", "tool errors", "Count", "Agent"),
    "deferrals": _own("Deferrals", "Sum", "calls put off", "Count", "Agent"),
    "saved": _own("SavedUSD", "Sum", "USD saved by checkpoints", "None", "Agent"),
    "citations_verified": _own("CitationsVerified", "Sum", "findings whose quote was found", "Count"),
    "citations_dropped": _own("CitationsDropped", "Sum", "dropped: no such source or quote", "Count"),
    "reviews_asked": _own("ReviewsAsked", "Sum", "asked (somebody was told)", "Count"),
    "reviews_answered": _own("ReviewsAnswered", "Sum", "answered", "Count"),
    "reviews_timed_out": _own("ReviewsTimedOut", "Sum", "not answered in time", "Count"),
    "questions_asked": _own("QuestionsAsked", "Sum", "questions of agents", "Count"),
    "failures": _own("Failures", "Sum", "failures", "Count", "ErrorType"),
}


@cache
def _five_minutes() -> Duration:
    """One value for all: each object that crosses into the CDK's own process costs a round trip."""
    return Duration.minutes(5)


def metric(
    key: str,
    dimensions: Mapping[str, str],
    *,
    label: str | None = None,
    period: Duration | None = None,
    statistic: str | None = None,
    region: str | None = None,
    account: str | None = None,
) -> cloudwatch.Metric:
    """Build one metric of the table.

    Args:
        key: of FACTS.
        dimensions: a value for every dimension the fact names; more are ignored.
        label: what a graph calls it. Default: the fact's title.
        period: Default: 5 minutes.
        statistic: Default: the fact's.
        region: where the metric is. Default: where it is shown.
        account: whose it is. Default: whoever shows it.
    """
    fact = FACTS[key]
    return cloudwatch.Metric(
        namespace=fact.namespace,
        metric_name=fact.name,
        dimensions_map={name: dimensions[name] for name in fact.dimensions},
        statistic=statistic or fact.statistic,
        region=region,
        account=account,
        label=label or fact.title,
        color=fact.color,
        period=period or _five_minutes(),
    )
