"""The word that an execution ended, sent on as it happens."""

from collections.abc import Sequence

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

BAD_ENDINGS = ("FAILED", "TIMED_OUT", "STOPPED")
GOOD_ENDINGS = ("SUCCEEDED",)


def bad_endings(scope: Construct, function: lambda_.IFunction, topic: sns.ITopic, queue: sqs.IQueue) -> events.Rule:
    """Notify the topic of each execution that failed, timed out or was stopped; never of its event or result."""
    field = events.EventField.from_path
    text = "Execution {} {}: {}"
    words = (field("$.detail.durableExecutionName"), field("$.detail.status"), field("$.detail.durableExecutionArn"))
    return events.Rule(
        scope,
        "BadEndings",
        description="Durable executions of this pipeline that failed, timed out or were stopped",
        event_pattern=_ended(function, BAD_ENDINGS),
        targets=[
            targets.SnsTopic(
                topic, message=events.RuleTargetInput.from_text(text.format(*words)), dead_letter_queue=queue
            )
        ],
    )


def good_endings(
    scope: Construct, rule_id: str, function: lambda_.IFunction, target: events.IRuleTarget | None
) -> events.Rule:
    """Notify a target of the owner's of each execution that succeeded; never of its event or result."""
    return events.Rule(
        scope,
        rule_id,
        description="Durable executions of this pipeline that succeeded",
        event_pattern=_ended(function, GOOD_ENDINGS),
        targets=[target] if target else None,
    )


def _ended(function: lambda_.IFunction, statuses: Sequence[str]) -> events.EventPattern:
    return events.EventPattern(
        source=["aws.lambda"],
        detail_type=["Durable Execution Status Change"],
        # the event names the function with its version
        detail={"status": list(statuses), "functionArn": [{"prefix": f"{function.function_arn}:"}]},
    )
