"""What a caller may choose, the default of each choice, and what is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from .prices import check_prices
from .rules import days_between, one_of, positive_usd, seconds_between, whole

RUNTIMES = ("python3.13", "python3.14")
"""The Python runtimes on which Lambda offers durable functions."""

_DAY = 24 * 60 * 60


@dataclass(frozen=True, kw_only=True)
class PipelineProps:
    """Choices of one DurableAgentPipeline; each is also a keyword argument of the construct.

    Raises:
        ValueError: when a choice breaks a rule; the message says the rule and the value got.
    """

    execution_timeout: Duration = field(default_factory=lambda: Duration.hours(24))
    """Longest life of one execution, waits and back-offs included; 1 second to 366 days.
    Default: 24 hours, room for a reviewer's day, an end to what is stuck."""

    retention_period: Duration = field(default_factory=lambda: Duration.days(14))
    """How long history and checkpoints of a finished execution are kept; 1 to 90 days. Default: 14 days."""

    timeout: Duration = field(default_factory=lambda: Duration.minutes(15))
    """Longest single invocation; an execution is many of them. 1 second to 15 minutes. Default: 15 minutes."""

    memory_size: int = 512
    """Memory of the function in MiB, which also buys its share of CPU; 128 to 10240. Default: 512."""

    architecture: lambda_.Architecture = lambda_.Architecture.ARM_64
    """Processor. Default: ARM_64, cheaper per millisecond."""

    runtime: lambda_.Runtime = lambda_.Runtime.PYTHON_3_13
    """python3.13 or python3.14, the runtimes with durable execution. Default: python3.13."""

    agents: Path | str | None = None
    """Folder with agents.toml, prompts/ and optionally tools of your own. Default: the packaged research pipeline."""

    models: Mapping[str, str] = field(default_factory=dict)
    """Agent name -> Bedrock model id or ARN. Default: the model that agents.toml names for each agent."""

    application_profiles: Mapping[str, str] = field(default_factory=dict)
    """ARN of an application inference profile used in `models` -> the model or profile id it was created from, which
    decides the permissions and the price. Default: no application inference profile."""

    prices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Model id -> {"input", "output", "cache_read", "cache_write"} in USD per million tokens.
    Default: the list price known to genai-prices; a model it does not know is warned about and has no cost."""

    budget_ceiling_usd: Decimal | str | float | None = None
    """Most that one execution may spend on models, in USD, whatever its event asks for. Default: no ceiling."""

    pipeline_name: str | None = None
    """Value of the metric dimension `Pipeline`, 1 to 64 characters. Default: made from the construct's path."""

    slow_execution: Duration = field(default_factory=lambda: Duration.minutes(30))
    """The alarm Slow rings when the slowest executions (p95) take longer for 15 minutes; waits for reviewers count, so
    raise it where reviews are usual. Default: 30 minutes."""

    spend_per_hour_usd: Decimal | str | float = 25
    """The alarm Spend rings when the models cost more within an hour, in USD. Default: 25."""

    runbook_url: str = "docs/operations.md"
    """Where the runbook is read; the alarms and the dashboard point to its sections.
    Default: its path in the repository of this construct."""

    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR. Default: INFO."""

    log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH
    """How long log lines are kept. Default: one month."""

    removal_policy: RemovalPolicy = RemovalPolicy.DESTROY
    """What happens to logs and dead letters when the pipeline is removed. Default: they go with it."""

    def __post_init__(self) -> None:
        seconds_between("execution_timeout", self.execution_timeout, 1, 366 * _DAY)
        days_between("retention_period", self.retention_period, 1, 90)
        seconds_between("timeout", self.timeout, 1, 900)
        whole("memory_size", self.memory_size, 128, 10240, "MiB")
        one_of("runtime", self.runtime.name, RUNTIMES)
        one_of("log_level", self.log_level, ("DEBUG", "INFO", "WARNING", "ERROR"))
        seconds_between("slow_execution", self.slow_execution, 1, 366 * _DAY)
        positive_usd("spend_per_hour_usd", self.spend_per_hour_usd)
        check_prices(self.prices)
        if self.budget_ceiling_usd is not None:
            positive_usd("budget_ceiling_usd", self.budget_ceiling_usd)
        if self.pipeline_name is not None:
            whole("length of pipeline_name", len(self.pipeline_name), 1, 64, "characters")
