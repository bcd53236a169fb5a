"""The word that an execution ended badly, sent to the alarm topic as it happens."""

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

BAD_ENDINGS = ("FAILED", "TIMED_OUT", "STOPPED")


def bad_endings(scope: Construct, function: lambda_.IFunction, topic: sns.ITopic, queue: sqs.IQueue) -> events.Rule:
    """Tell the topic which execution failed, timed out or was stopped; never what it was given or gave."""
    field = events.EventField.from_path
    text = "Execution {} {}: {}"
    words = (field("$.detail.durableExecutionName"), field("$.detail.status"), field("$.detail.durableExecutionArn"))
    return events.Rule(
        scope,
        "BadEndings",
        description="Durable executions of this pipeline that failed, timed out or were stopped",
        event_pattern=events.EventPattern(
            source=["aws.lambda"],
            detail_type=["Durable Execution Status Change"],
            # the event names the function with its version
            detail={"status": list(BAD_ENDINGS), "functionArn": [{"prefix": f"{function.function_arn}:"}]},
        ),
        targets=[
            targets.SnsTopic(
                topic, message=events.RuleTargetInput.from_text(text.format(*words)), dead_letter_queue=queue
            )
        ],
    )
