"""What starts executions: always through the alias."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Duration, Names, Stack, Token
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as events_targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as scheduler_targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .acknowledgements import accept_no_queue_destination
from .encryption import USE
from .execution_choices import MAX_INVOCATION_SECONDS
from .rules import whole

MAX_QUERY = 2_000
"""Characters, as the Lambda's request allows."""


def on_schedule(
    scope: Construct,
    trigger_id: str,
    alias: lambda_.IFunction,
    queue: sqs.IQueue,
    *,
    schedule: scheduler.ScheduleExpression,
    event: Mapping[str, Any],
) -> scheduler.Schedule:
    """Start an execution whenever the schedule says, with the same event each time."""
    check_event(event)
    target = scheduler_targets.LambdaInvoke(
        alias,
        input=scheduler.ScheduleTargetInput.from_object(dict(event)),
        dead_letter_queue=queue,
        role=_scheduler_role(scope, trigger_id, queue),
    )
    return scheduler.Schedule(scope, trigger_id, schedule=schedule, target=target)


def _scheduler_role(scope: Construct, trigger_id: str, queue: sqs.IQueue) -> iam.Role:
    """The schedule's own role: CDK's shared one may write to the queue but not use the queue's key."""
    own_account = {"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
    principal = iam.ServicePrincipal("scheduler.amazonaws.com", conditions=own_account)
    role = iam.Role(scope, f"{trigger_id}Scheduler", assumed_by=principal)
    if queue.encryption_master_key:
        queue.encryption_master_key.grant(role, *USE)
    return role


def on_event(
    scope: Construct,
    trigger_id: str,
    alias: lambda_.IFunction,
    queue: sqs.IQueue,
    *,
    event_pattern: events.EventPattern,
    event: events.RuleTargetInput,
    event_bus: events.IEventBus | None,
) -> events.Rule:
    """Start an execution for every matching event."""
    target = events_targets.LambdaFunction(alias, event=event, dead_letter_queue=queue)
    return events.Rule(scope, trigger_id, event_bus=event_bus, event_pattern=event_pattern, targets=[target])


def on_queue(
    alias: lambda_.Alias,
    queue: sqs.IQueue,
    *,
    execution_timeout: Duration,
    max_concurrency: int,
) -> None:
    """Start an execution for every message, one message at a time.

    Raises:
        ValueError: when an execution may outlive the 15 minutes for which Lambda waits for a queue's invocation.
    """
    seconds = execution_timeout.to_seconds() if not execution_timeout.is_unresolved() else 0
    if seconds > MAX_INVOCATION_SECONDS:
        raise ValueError(
            "execution_timeout must be at most 15 minutes to start from a queue, because Lambda waits for the whole "
            f"execution of a message, got {seconds} seconds"
        )
    whole("max_concurrency", max_concurrency, 2, 1000)
    queue.grant_consume_messages(alias)
    mapping = alias.add_event_source_mapping(
        f"From{Names.node_unique_id(queue.node)}",
        event_source_arn=queue.queue_arn,
        batch_size=1,
        max_concurrency=max_concurrency,
    )
    accept_no_queue_destination(mapping)


def check_event(event: Mapping[str, Any]) -> None:
    """Refuse an event that every execution would refuse.

    Raises:
        ValueError: when it has no query of 1 to 2,000 characters.
    """
    query = event.get("query")
    if not isinstance(query, str) or not (Token.is_unresolved(query) or 1 <= len(query.strip()) <= MAX_QUERY):
        got = f"{len(query.strip())} characters" if isinstance(query, str) else repr(query)
        raise ValueError(f"event must have a query of 1 to {MAX_QUERY} characters, got {got}")
