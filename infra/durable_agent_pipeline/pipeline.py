"""DurableAgentPipeline: the table of contents of this package."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Unpack

import jsii
from aws_cdk import Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from . import grants
from .agents.plan import read_plan
from .api.front_door import FrontDoor
from .choices.described import with_choices
from .choices.keywords import PipelineKeywords
from .choices.props import PipelineProps
from .choices.refused import refuse_retired, refuse_unknown
from .function.budget_table import budget_table
from .function.dead_letters import dead_letters, undelivered
from .function.encryption import real_key
from .function.environment import environment
from .function.function import durable_function, live_alias, log_group
from .function.large_results import large_results
from .function.network import network_access
from .function.removal import keep_running
from .function.review_page import ReviewPage, review_page
from .function.reviews import review_topic
from .function.role import checkpoint_policy, execution_role
from .function.rollout import gradual_deployment
from .monitoring.alarm_topic import alarm_topic
from .monitoring.alarms import alarms, section
from .monitoring.dashboard import dashboard
from .monitoring.metric_methods import MetricMethods
from .monitoring.notices import bad_endings, good_endings
from .monitoring.pipeline_metrics import PipelineMetrics
from .package.code import pipeline_code
from .triggers import TriggerMethods

API_ERRORS = (
    "the front door answered with 5xx: callers could not start or read executions. Next: look at Lambda's health and "
    "at the API's role."
)


@jsii.implements(iam.IGrantable, ec2.IConnectable)
class DurableAgentPipeline(TriggerMethods, MetricMethods, Construct):
    """A Lambda durable function that runs checkpointed Strands agents on Amazon Bedrock, ready to operate.

    With nothing but scope and id it is the packaged research pipeline with production-minded defaults. Every choice is
    a keyword argument, see docs/construct.md; an editor shows what a keyword means where it is written.

    Args:
        scope: the construct to live in.
        construct_id: unique in the scope. Changing it, or moving the construct, replaces the function.
        **choices: each documented at `PipelineKeywords`, and below in `help`.

    Raises:
        ValueError: when a choice breaks a rule; the message says the rule and the value got.
        TypeError: for a keyword that is no choice; the message says which was probably meant.

    Example:
        >>> pipeline = DurableAgentPipeline(stack, "Pipeline", memory_size=1024)
        >>> pipeline.grant_invoke(caller)
    """

    function: lambda_.IFunction
    """The durable function. Invoke and trigger the alias, never this; grant its role what tools of yours need."""

    alias: lambda_.Alias
    """Alias `live`: what callers and triggers invoke."""

    log_group: logs.ILogGroup
    """Log group of the function."""

    dead_letter_queue: sqs.IQueue
    """Original events of executions that failed or could not be started; they hold what callers asked."""

    undelivered_queue: sqs.Queue
    """What rules and schedules of the pipeline could not deliver."""

    large_results: s3.IBucket | None
    """Texts and tool results that are too big for a checkpoint; None if the choice is left out."""

    budget_table: dynamodb.ITable | None
    """What was spent in each month, in all and by tenant; None without the choice `budgets`."""

    review_topic: sns.ITopic | None
    """Where notices of reviews go, with ids and never the text; None without the choice `review`."""

    review_page: ReviewPage | None
    """Where a person reads and answers a review; None without `Review(page=True)`."""

    alarm_topic: sns.ITopic
    """Where alarms and notices of failed executions go."""

    alarms: Mapping[str, cloudwatch.Alarm]
    """Alarm name -> Alarm; the names are those of the runbook's sections."""

    dashboard: cloudwatch.Dashboard
    """The operator's page."""

    deployment_group: codedeploy.LambdaDeploymentGroup | None
    """What shifts the alias gradually; None without deployment_config."""

    metrics: PipelineMetrics
    """Builds any metric; the metric_* methods are its short form."""

    def __init__(self, scope: Construct, construct_id: str, **choices: Unpack[PipelineKeywords]) -> None:
        super().__init__(scope, construct_id)
        refuse_retired(choices)
        refuse_unknown(choices, PipelineProps.__dataclass_fields__)
        props = PipelineProps(**choices)
        props = replace(props, encryption_key=real_key(self, props.encryption_key))
        plan = read_plan(self, props)
        self._props = props
        self.log_group = log_group(self, props)
        self.dead_letter_queue = dead_letters(self, props)
        self.undelivered_queue = undelivered(self, props)
        role = execution_role(self, props, plan, self.log_group)
        self.large_results = large_results(self, props, role)
        self.budget_table = budget_table(self, props, role)
        self.review_topic = review_topic(self, props, role)
        self.review_page = review_page(self, props, role)
        chosen = environment(
            Stack.of(self), props, plan, self.large_results,
            topic=self.review_topic, page=self.review_page, table=self.budget_table,
        )  # fmt: skip
        function = durable_function(
            self,
            props,
            code=pipeline_code(self, props, chosen.file),
            role=role,
            group=self.log_group,
            queue=self.dead_letter_queue,
            environment=chosen.variables,
        )
        network_access(self, props, plan, role, function)
        self.function = function
        if self.review_page:
            self.review_page.serve(function, self.large_results)
        self.alias = live_alias(self, props, function)
        self.alias.node.add_dependency(checkpoint_policy(self, role, function))
        metrics = PipelineMetrics.of(plan, function, self.dead_letter_queue, self.undelivered_queue)
        self.metrics = metrics.at(Stack.of(self))
        self.alarm_topic = alarm_topic(self, props)
        self.alarms = alarms(self, props, metrics, self.alarm_topic)
        self.dashboard = dashboard(self, props, metrics, self.alarms, self.log_group)
        bad_endings(self, function, self.alarm_topic, self.undelivered_queue)
        self.deployment_group = gradual_deployment(self, props, self.alias, self.alarms)
        keep_running(self, props)

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The function's role, so that a grant on a table or a bucket of yours takes the pipeline itself."""
        return self.function.grant_principal

    @property
    def connections(self) -> ec2.Connections:
        """The function's security groups, to open doors from them.

        Raises:
            ValueError: when the pipeline runs in no VPC of yours.
        """
        if self._props.vpc is None:
            raise ValueError("connections must come with vpc, got no vpc")
        return self.function.connections

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow starting executions, through the alias only."""
        return self.alias.grant_invoke(grantee)

    def grant_review(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow answering waiting executions, and finding and reading them: a reviewer sees what is asked."""
        return grants.grant_review(self.function, self._props.encryption_key, grantee)

    def grant_operate(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow what scripts/pipeline needs to read, stop, pause and resume executions; not to start or answer them."""
        return grants.grant_operate(self.function, self._props.encryption_key, grantee, self.budget_table)

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow finding executions by name and reading their status and result; not what they did on the way."""
        return grants.grant_read(self.function, self._props.encryption_key, grantee)

    def on_success(self, rule_id: str, *, target: events.IRuleTarget | None = None) -> events.Rule:
        """Notify a target whenever an execution succeeds.

        Lambda's own event, "Durable Execution Status Change", names the execution, not its event or result; a receiver
        fetches the report with `grant_read`. Failed, timed out and stopped ones go to `alarm_topic` by themselves.

        Args:
            rule_id: construct id.
            target: who is notified. Default: nobody yet; add targets to the rule.
        """
        return good_endings(self, rule_id, self.function, target)

    def add_api(
        self,
        api_id: str = "FrontDoor",
        *,
        authorizer: apigateway.IAuthorizer | None = None,
        authorization_scopes: Sequence[str] = (),
        rate_limit: float = 10,
        burst_limit: int = 20,
        cloud_watch_role: bool = True,
    ) -> FrontDoor:
        """Add an API that starts, finds, reads and stops executions, see docs/api.md.

        Lambda refuses a synchronous call of a function whose execution_timeout is over 15 minutes; this starts
        executions asynchronously, by the caller's idempotency key, and hands out their results. No function of ours
        stands between API Gateway and Lambda.

        Args:
            api_id: construct id. Default: "FrontDoor".
            authorizer: of a REST API, such as CognitoUserPoolsAuthorizer, or TokenAuthorizer for other JWT.
                Default: IAM; callers need `grant_call` of what is returned.
            authorization_scopes: that a token must have. Default: none.
            rate_limit: requests a second over all callers, 0.01 to 10,000. Default: 10.
            burst_limit: requests at once, 1 to 5,000. Default: 20.
            cloud_watch_role: whether to set the role that API Gateway logs as, one for the whole account and Region;
                False where the account has one already. Default: True.

        Raises:
            ValueError: when an argument breaks its rule.
        """
        props = self._props
        door = FrontDoor(
            self,
            api_id,
            alias=self.alias,
            function=self.function,
            authorizer=authorizer,
            authorization_scopes=authorization_scopes,
            rate_limit=rate_limit,
            burst_limit=burst_limit,
            cloud_watch_role=cloud_watch_role,
            encryption_key=props.encryption_key,
            log_retention=props.log_retention,
            removal_policy=props.removal_policy,
        )
        runbook = section("ApiErrors", props)
        door.ring(self.alarm_topic, f"PAGE {self.metrics.pipeline_name}: {API_ERRORS} Runbook: {runbook}")
        return door


DurableAgentPipeline.__doc__ = with_choices(DurableAgentPipeline.__doc__, PipelineProps)
