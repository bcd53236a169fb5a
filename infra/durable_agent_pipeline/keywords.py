"""The choices of PipelineProps as keyword arguments, for type checkers; a test keeps the two equal."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TypedDict

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs


class PipelineKeywords(TypedDict, total=False):
    """Documented at PipelineProps."""

    execution_timeout: Duration
    retention_period: Duration
    timeout: Duration
    memory_size: int
    architecture: lambda_.Architecture
    runtime: lambda_.Runtime
    agents: Path | str | None
    models: Mapping[str, str]
    application_profiles: Mapping[str, str]
    prices: Mapping[str, Mapping[str, str]]
    budget_ceiling_usd: Decimal | str | float | None
    pipeline_name: str | None
    slow_execution: Duration
    spend_per_hour_usd: Decimal | str | float
    runbook_url: str
    log_level: str
    log_retention: logs.RetentionDays
    removal_policy: RemovalPolicy
