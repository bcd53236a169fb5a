"""The stages as frozen values: what dev, staging and prod choose."""

from dataclasses import dataclass, field

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_logs as logs

from infra.durable_agent_pipeline.choices.keywords import PipelineKeywords


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One environment."""

    name: str
    """Ends the stack's name: DurableAgentPipeline-<name>."""

    choices: PipelineKeywords = field(default_factory=PipelineKeywords)
    """Keywords of the construct that differ from its defaults."""

    protected: bool = False
    """Whether the stack refuses to be deleted."""


DEV = Stage(
    name="dev",
    choices=PipelineKeywords(
        execution_timeout=Duration.hours(1),
        retention_period=Duration.days(1),
        log_retention=logs.RetentionDays.ONE_WEEK,
        log_level="DEBUG",
        large_results_removal_policy=RemovalPolicy.DESTROY,
        budget_ceiling_usd="1",
        spend_per_hour_usd=5,
    ),
)

STAGING = Stage(
    name="staging",
    choices=PipelineKeywords(
        execution_timeout=Duration.hours(24),
        retention_period=Duration.days(7),
        budget_ceiling_usd="5",
    ),
)

PROD = Stage(
    name="prod",
    choices=PipelineKeywords(
        execution_timeout=Duration.days(7),
        retention_period=Duration.days(30),
        log_retention=logs.RetentionDays.SIX_MONTHS,
        removal_policy=RemovalPolicy.RETAIN,
        budget_ceiling_usd="10",
        spend_per_hour_usd=100,
    ),
    protected=True,
)

STAGES = (DEV, STAGING, PROD)
