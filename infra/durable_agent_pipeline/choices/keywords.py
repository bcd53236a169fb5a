"""The choices as keyword arguments, for type checkers; a test keeps them equal to PipelineProps."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TypedDict

from aws_cdk import Duration, RemovalPolicy, Size
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from ..agents.models import ModelChoice
from .alarm_choice import AlarmChoice


class PipelineKeywords(TypedDict, total=False):
    """Documented at PipelineProps."""

    execution_timeout: Duration
    retention_period: Duration
    timeout: Duration
    memory_size: int
    architecture: lambda_.Architecture
    runtime: lambda_.Runtime
    streaming: bool
    model_read_timeout: Duration
    environment: Mapping[str, str]
    layers: Sequence[lambda_.ILayerVersion]
    description: str
    ephemeral_storage_size: Size | None
    reserved_concurrent_executions: int | None
    provisioned_concurrent_executions: int | None
    max_event_age: Duration
    retry_attempts: int

    agents: Path | str | None
    models: Mapping[str, ModelChoice]
    application_profiles: Mapping[str, str]
    profile_regions: Mapping[str, Sequence[str]]
    guardrail_arn: str | None
    guardrail_version: str
    prices: Mapping[str, Mapping[str, str]]
    budget_ceiling_usd: Decimal | str | float | None

    pipeline_name: str | None
    log_level: str
    log_retention: logs.RetentionDays
    tracing: lambda_.Tracing
    opentelemetry_layer: lambda_.ILayerVersion | None
    alarm_subscriptions: Sequence[sns.ITopicSubscription]
    slow_execution: Duration
    spend_per_hour_usd: Decimal | str | float
    alarm_choices: Mapping[str, AlarmChoice]
    runbook_url: str | None
    deployment_config: codedeploy.ILambdaDeploymentConfig | None

    encryption_key: kms.IKey | None
    large_results: bool
    large_results_removal_policy: RemovalPolicy | None
    vpc: ec2.IVpc | None
    vpc_subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup] | None
    removal_policy: RemovalPolicy

    role: iam.IRole | None
    log_group: logs.ILogGroup | None
    dead_letter_queue: sqs.IQueue | None
    alarm_topic: sns.ITopic | None
    large_results_bucket: s3.IBucket | None
