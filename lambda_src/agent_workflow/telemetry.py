"""Logs as JSON, metrics in CloudWatch's embedded format."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from agent_workflow.privacy import trust_logger
from agent_workflow.settings import Settings

PER_MODEL = ("Pipeline", "Agent", "Model")
PER_AGENT = ("Pipeline", "Agent")
PER_PIPELINE = ("Pipeline",)
PER_ERROR = ("Pipeline", "ErrorType")


@dataclass(frozen=True)
class Metric:
    """A custom metric: its name, CloudWatch unit and dimensions."""

    name: str
    unit: str
    dimensions: tuple[str, ...]


METRICS = (
    Metric("InputTokens", "Count", PER_MODEL),
    Metric("OutputTokens", "Count", PER_MODEL),
    Metric("CacheReadTokens", "Count", PER_MODEL),
    Metric("CacheWriteTokens", "Count", PER_MODEL),
    Metric("UsageUnknown", "Count", PER_MODEL),
    Metric("ModelLatency", "Milliseconds", PER_MODEL),
    Metric("ModelCalls", "Count", PER_MODEL),
    Metric("ModelRetries", "Count", PER_MODEL),
    Metric("CostUSD", "None", PER_MODEL),
    # The same for all agents together: a CloudWatch alarm can sum at most ten metrics, a pipeline may have more agents
    Metric("TotalModelCalls", "Count", PER_PIPELINE),
    Metric("TotalCostUSD", "None", PER_PIPELINE),
    Metric("AgentDuration", "Milliseconds", PER_AGENT),
    Metric("ToolCalls", "Count", PER_AGENT),
    Metric("ToolErrors", "Count", PER_AGENT),
    Metric("Deferrals", "Count", PER_AGENT),
    Metric("CitationsVerified", "Count", PER_PIPELINE),
    Metric("CitationsDropped", "Count", PER_PIPELINE),
    Metric("SavedUSD", "None", PER_AGENT),
    Metric("ReviewsAsked", "Count", PER_PIPELINE),
    Metric("ReviewsAnswered", "Count", PER_PIPELINE),
    Metric("ReviewsTimedOut", "Count", PER_PIPELINE),
    Metric("QuestionsAsked", "Count", PER_PIPELINE),
    Metric("Failures", "Count", PER_ERROR),
)
"""Every custom metric that is ever emitted; the dashboard and the alarms may use no other."""

_BY_NAME = {metric.name: metric for metric in METRICS}
# Powertools prints a document and its line end apart: parallel tool calls would mix their lines.
_ONE_LINE_AT_A_TIME = threading.Lock()


def emit(settings: Settings, values: Mapping[str, float | Decimal], **dimensions: str) -> None:
    """Write metrics that share their dimensions as one document. Only ever from inside a durable step.

    Outside a step the same values would be written, and counted, again by every replay.

    Args:
        settings: gives the namespace and the dimension `Pipeline`.
        values: name of a metric in METRICS -> value.
        dimensions: the other dimensions, by name.
    """
    every = {"Pipeline": settings.pipeline, **dimensions}
    provider = AmazonCloudWatchEMFProvider(namespace=settings.metrics_namespace)
    provider.service = ""  # else Powertools adds a dimension of its own, and the dashboard's rows stay empty
    for name, value in every.items():
        provider.add_dimension(name, value)
    for name, number in values.items():
        metric = _BY_NAME[name]
        if set(metric.dimensions) != every.keys():
            raise ValueError(f"metric {name} must have the dimensions {metric.dimensions}, got {tuple(every)}")
        provider.add_metric(name, metric.unit, float(number))
    with _ONE_LINE_AT_A_TIME:
        provider.flush_metrics()


def execution_logger(settings: Settings, execution_arn: str) -> Logger:
    """The logger of an execution: JSON lines with service and correlation id."""
    logger = _logger(settings.service, settings.log_level)
    logger.set_correlation_id(execution_name(execution_arn))
    return logger


@cache
def _logger(service: str, level: str) -> Logger:
    trust_logger(service)
    return Logger(service=service, level=level)


def execution_name(execution_arn: str) -> str:
    """The name a caller gave the execution: `.../durable-execution/<name>/<id>`; without one, the whole ARN."""
    name = execution_arn.partition("/durable-execution/")[2].partition("/")[0]
    return name or execution_arn
