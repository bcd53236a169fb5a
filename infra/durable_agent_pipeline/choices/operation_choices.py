"""Choices of how the pipeline is watched and changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypedDict

from aws_cdk import Duration
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns

from .alarm_choice import AlarmChoice
from .execution_choices import MAX_EXECUTION, SECOND
from .rules import lasting, matching, positive_usd

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
PIPELINE_NAME = r"[a-zA-Z0-9 :_@$#=/+,.-]{1,255}"
"""What a metric dimension and Bedrock's request metadata both accept."""


@dataclass(frozen=True, kw_only=True)
class OperationChoices:
    """Logs, traces, alarms, deployments."""

    pipeline_name: str | None = None
    """Value of the metric dimension `Pipeline`; 1 to 255 letters, digits and :_@$#=/+,.- or blanks.
    Default: made from the construct's path, unique in the app."""

    log_level: LogLevel = "INFO"
    """Least severe log lines that are kept: DEBUG, INFO, WARNING, ERROR or CRITICAL. Default: INFO."""

    log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH
    """How long log lines are kept, one of the lengths that CloudWatch offers. Default: ONE_MONTH."""

    tracing: lambda_.Tracing = lambda_.Tracing.ACTIVE
    """X-Ray: ACTIVE, PASS_THROUGH or DISABLED. Default: ACTIVE, every invocation may be sampled."""

    opentelemetry_layer: lambda_.ILayerVersion | None = None
    """Layer of the AWS Distro for OpenTelemetry for Python; its wrapper then starts the function. Prompts stay out of
    spans. Default: no layer."""

    alarm_subscriptions: Sequence[sns.ITopicSubscription] = ()
    """Who is notified of alarms and failed executions. Default: nobody yet; subscribe to `alarm_topic`."""

    slow_execution: Duration = field(default_factory=lambda: Duration.minutes(30))
    """The alarm Slow goes off when a single execution took longer; a wait for a reviewer counts, so raise it where
    reviews are usual. 1 second to 366 days. Default: 30 minutes."""

    spend_per_hour_usd: Decimal | str | float = 25
    """The alarm Spend goes off when the models cost as much within an hour, in USD; above 0, at most
    1,000,000. Default: 25."""

    alarm_choices: Mapping[str, AlarmChoice] = field(default_factory=dict)
    """Alarm name -> what to change about it: threshold, severity, or that it is left out. Default: no change."""

    runbook_url: str | None = None
    """Address of a page made from docs/operations.md; alarms and dashboard then link to its sections. Default: no link,
    they name the page in this repository and its section."""

    deployment_config: codedeploy.ILambdaDeploymentConfig | None = None
    """How CodeDeploy shifts the alias to a new version; it goes back when an alarm of rollout.ROLL_BACK_ON rings
    meanwhile. Default: all at once, without CodeDeploy."""

    def check_operation(self) -> None:
        """Refuse what breaks a rule."""
        if self.pipeline_name is not None:
            matching("pipeline_name", self.pipeline_name, PIPELINE_NAME, "1 to 255 characters of a metric dimension")
        lasting("slow_execution", self.slow_execution, SECOND, MAX_EXECUTION)
        # frozen for everybody else: amounts are read once, here
        object.__setattr__(self, "spend_per_hour_usd", positive_usd("spend_per_hour_usd", self.spend_per_hour_usd))


# From here on written by scripts/construct_page.py --write: the class above, for type checkers and editors.
class OperationKeywords(TypedDict, total=False):
    """Logs, traces, alarms, deployments."""

    pipeline_name: str | None
    """Value of the metric dimension `Pipeline`; 1 to 255 letters, digits and :_@$#=/+,.- or blanks. Default: made from
    the construct's path, unique in the app."""

    log_level: LogLevel
    """Least severe log lines that are kept: DEBUG, INFO, WARNING, ERROR or CRITICAL. Default: INFO."""

    log_retention: logs.RetentionDays
    """How long log lines are kept, one of the lengths that CloudWatch offers. Default: ONE_MONTH."""

    tracing: lambda_.Tracing
    """X-Ray: ACTIVE, PASS_THROUGH or DISABLED. Default: ACTIVE, every invocation may be sampled."""

    opentelemetry_layer: lambda_.ILayerVersion | None
    """Layer of the AWS Distro for OpenTelemetry for Python; its wrapper then starts the function. Prompts stay out of
    spans. Default: no layer."""

    alarm_subscriptions: Sequence[sns.ITopicSubscription]
    """Who is notified of alarms and failed executions. Default: nobody yet; subscribe to `alarm_topic`."""

    slow_execution: Duration
    """The alarm Slow goes off when a single execution took longer; a wait for a reviewer counts, so raise it where
    reviews are usual. 1 second to 366 days. Default: 30 minutes."""

    spend_per_hour_usd: Decimal | str | float
    """The alarm Spend goes off when the models cost as much within an hour, in USD; above 0, at most 1,000,000.
    Default: 25."""

    alarm_choices: Mapping[str, AlarmChoice]
    """Alarm name -> what to change about it: threshold, severity, or that it is left out. Default: no change."""

    runbook_url: str | None
    """Address of a page made from docs/operations.md; alarms and dashboard then link to its sections. Default: no link,
    they name the page in this repository and its section."""

    deployment_config: codedeploy.ILambdaDeploymentConfig | None
    """How CodeDeploy shifts the alias to a new version; it goes back when an alarm of rollout.ROLL_BACK_ON rings
    meanwhile. Default: all at once, without CodeDeploy."""
