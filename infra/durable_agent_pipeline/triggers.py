"""What starts executions: always through the alias."""

import json
from collections.abc import Mapping
from typing import Any, cast

from aws_cdk import Annotations, Duration, Names, Stack, Token
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as events_targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as scheduler_targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .acknowledgements import accept_no_queue_destination
from .choices.execution_choices import MAX_INVOCATION
from .choices.props import PipelineProps
from .choices.rules import spoken, whole
from .event_rules import check_event
from .function.encryption import USE

FOLDER = "Triggers"
"""Construct id that the ids of triggers are unique in."""

DEFAULT_VISIBILITY_SECONDS = 30
"""Of an SQS queue that says nothing."""


class TriggerMethods(Construct):
    """Mixed into the construct: its start_on_* methods."""

    alias: lambda_.Alias
    undelivered_queue: sqs.Queue
    _props: PipelineProps

    def start_on_schedule(
        self, trigger_id: str, *, schedule: scheduler.ScheduleExpression, event: Mapping[str, Any]
    ) -> scheduler.Schedule:
        """Start an execution whenever the schedule says.

        Args:
            trigger_id: unique among the triggers.
            schedule: when.
            event: what every execution is given, such as {"query": "..."}.

        Raises:
            ValueError: for an event that every execution would refuse.
        """
        return _on_schedule(self, trigger_id, self.alias, self.undelivered_queue, schedule=schedule, event=event)

    def start_on_event(
        self,
        trigger_id: str,
        *,
        event_pattern: events.EventPattern,
        event: events.RuleTargetInput | None = None,
        event_bus: events.IEventBus | None = None,
    ) -> events.Rule:
        """Start an execution for every matching event.

        Args:
            trigger_id: unique among the triggers.
            event_pattern: which events.
            event: what the execution is given. Default: the event's `detail`, which must then be like {"query": "..."}.
            event_bus: Default: the account's default bus.

        Raises:
            ValueError: for a fixed input that every execution would refuse.
        """
        given = event or events.RuleTargetInput.from_event_path("$.detail")
        return _on_event(
            self,
            trigger_id,
            self.alias,
            self.undelivered_queue,
            event_pattern=event_pattern,
            event=given,
            event_bus=event_bus,
        )

    def start_on_queue(self, queue: sqs.IQueue, *, max_concurrency: int = 2) -> None:
        """Start an execution for every message of a queue, and wait for it.

        Args:
            queue: its messages' bodies are like {"query": "..."}; its visibility timeout covers execution_timeout, its
                dead-letter queue takes messages whose executions keep failing.
            max_concurrency: most messages at once; 2 to 1000. Default: 2.

        Raises:
            ValueError: when execution_timeout is over the 15 minutes that Lambda waits for a queue's invocation, or the
                queue hides a message for less than that or than timeout.
        """
        _on_queue(
            self,
            self.alias,
            queue,
            timeout=self._props.timeout,
            execution_timeout=self._props.execution_timeout,
            max_concurrency=max_concurrency,
        )


def _on_schedule(
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
    place = _place(scope, trigger_id)
    target = scheduler_targets.LambdaInvoke(
        alias,
        input=scheduler.ScheduleTargetInput.from_object(dict(event)),
        dead_letter_queue=queue,
        role=_scheduler_role(place, queue),
    )
    return scheduler.Schedule(place, "Schedule", schedule=schedule, target=target)


def _scheduler_role(scope: Construct, queue: sqs.IQueue) -> iam.Role:
    """The schedule's own role: CDK's shared one may write to the queue but not use the queue's key."""
    own_account = {"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
    principal = iam.ServicePrincipal("scheduler.amazonaws.com", conditions=own_account)
    role = iam.Role(scope, "Role", assumed_by=principal)
    if queue.encryption_master_key:
        queue.encryption_master_key.grant(role, *USE)
    return role


def _on_event(
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
    place = _place(scope, trigger_id)
    rule = events.Rule(place, "Rule", event_bus=event_bus, event_pattern=event_pattern, targets=[target])
    _check_fixed(rule, event)
    return rule


def _place(scope: Construct, trigger_id: str) -> Construct:
    """Triggers live apart, so that no id of the caller's can be one of the construct's own, now or later."""
    folder = scope.node.try_find_child(FOLDER) or Construct(scope, FOLDER)
    return Construct(cast(Construct, folder), trigger_id)


def _check_fixed(rule: events.Rule, event: events.RuleTargetInput) -> None:
    """Refuse an input that is the same for every event and that every execution would refuse."""
    given = event.bind(rule)
    fixed = Stack.of(rule).resolve(given.input) if given.input else None
    if isinstance(fixed, str):
        check_event(json.loads(fixed))


def _on_queue(
    scope: Construct,
    alias: lambda_.Alias,
    queue: sqs.IQueue,
    *,
    timeout: Duration,
    execution_timeout: Duration,
    max_concurrency: int,
) -> None:
    """Start an execution for every message, one message at a time.

    Raises:
        ValueError: when an execution may outlive the 15 minutes for which Lambda waits for a queue's invocation, or the
            time for which the queue hides a message.
    """
    known = not execution_timeout.is_unresolved()
    if known and execution_timeout.to_seconds() > MAX_INVOCATION.to_seconds():
        raise ValueError(
            "execution_timeout must be at most 15 minutes to start from a queue, because Lambda waits for the whole "
            f"execution of a message, got {spoken(execution_timeout)}"
        )
    _check_queue(scope, queue, timeout, execution_timeout)
    whole("max_concurrency", max_concurrency, 2, 1000)
    queue.grant_consume_messages(alias)
    mapping = alias.add_event_source_mapping(
        f"From{Names.node_unique_id(queue.node)}",
        event_source_arn=queue.queue_arn,
        batch_size=1,
        max_concurrency=max_concurrency,
    )
    accept_no_queue_destination(mapping)


def _check_queue(scope: Construct, queue: sqs.IQueue, timeout: Duration, execution_timeout: Duration) -> None:
    resource = queue.node.default_child
    if not isinstance(resource, sqs.CfnQueue):
        return  # of another app: nothing can be known of it
    hidden = DEFAULT_VISIBILITY_SECONDS if resource.visibility_timeout is None else resource.visibility_timeout
    needed = max(longest.to_seconds() for longest in (timeout, execution_timeout) if not longest.is_unresolved())
    if not Token.is_unresolved(hidden) and hidden < needed:
        raise ValueError(
            "visibility_timeout of the queue must be at least timeout and execution_timeout, because Lambda refuses "
            f"less than the one and runs a message twice below the other, {needed} seconds, got {hidden:g} seconds"
        )
    if resource.redrive_policy is None:
        Annotations.of(scope).add_warning_v2(
            "durable-agent-pipeline:redrive",
            "the queue has no dead-letter queue: a message whose execution fails starts another paid execution, again "
            "and again until it expires; give the queue a dead_letter_queue",
        )
