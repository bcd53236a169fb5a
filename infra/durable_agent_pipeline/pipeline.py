"""DurableAgentPipeline: the table of contents of this package."""

from collections.abc import Mapping
from typing import Unpack

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from . import alarms, asset, dashboard, environment, function, grants
from .keywords import PipelineKeywords
from .metrics import PipelineMetrics
from .plan import read_plan
from .props import PipelineProps


class DurableAgentPipeline(Construct):
    """A Lambda durable function that runs checkpointed Strands agents on Amazon Bedrock, ready to operate.

    With nothing but scope and id it is the packaged research pipeline with production-minded defaults. Every choice is
    a keyword argument, documented at `PipelineProps`.

    Args:
        scope: the construct to live in.
        construct_id: unique in the scope.
        **choices: see `PipelineProps`.

    Raises:
        ValueError: when a choice breaks a rule; the message says the rule and the value got.

    Example:
        >>> pipeline = DurableAgentPipeline(stack, "Pipeline", memory_size=1024)
        >>> pipeline.grant_invoke(caller)
    """

    function: lambda_.IFunction
    """The durable function. Invoke and trigger the alias, never this."""

    alias: lambda_.Alias
    """Alias `live`: what callers and triggers invoke."""

    log_group: logs.LogGroup
    """Log group of the function."""

    dead_letter_queue: sqs.Queue
    """Asynchronous events that never became an execution."""

    alarm_topic: sns.Topic
    """Where every alarm goes."""

    alarms: Mapping[str, cloudwatch.Alarm]
    """Alarm name -> Alarm; the names are those of the runbook's sections."""

    dashboard: cloudwatch.Dashboard
    """The operator's page."""

    metrics: PipelineMetrics
    """Every metric, per pipeline, model and agent."""

    def __init__(self, scope: Construct, construct_id: str, **choices: Unpack[PipelineKeywords]) -> None:
        super().__init__(scope, construct_id)
        props = PipelineProps(**choices)
        plan = read_plan(self, props)
        self.log_group = function.log_group(self, props)
        self.dead_letter_queue = function.dead_letters(self, props)
        role = function.execution_role(self, self.log_group, plan)
        durable = function.durable_function(
            self,
            props,
            code=asset.pipeline_code(props),
            role=role,
            group=self.log_group,
            queue=self.dead_letter_queue,
            environment=environment.variables(Stack.of(self), props, plan),
        )
        self.function = durable
        self.alias = function.live_alias(self, durable, function.checkpoint_policy(self, role, durable))
        self.metrics = PipelineMetrics.of(plan, durable, self.dead_letter_queue)
        self.alarm_topic = alarms.alarm_topic(self)
        self.alarms = alarms.alarms(self, props, self.metrics, self.alarm_topic)
        self.dashboard = dashboard.dashboard(self, props, self.metrics, self.alarms, self.log_group)

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow starting executions, through the alias only."""
        return self.alias.grant_invoke(grantee)

    def grant_review(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow answering a waiting execution: callback success, failure and heartbeat."""
        return grants.grant_review(self.function, grantee)

    def grant_operate(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow reading, listing, stopping, pausing and resuming executions; not starting them."""
        return grants.grant_operate(self.function, grantee)
