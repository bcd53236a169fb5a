"""The queues of what was given up: events of executions, messages of rules."""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ..acknowledgements import accept_last_queue, accept_undelivered
from ..choices.props import PipelineProps


def dead_letters(scope: Construct, props: PipelineProps) -> sqs.IQueue:
    """Where Lambda sends original events: of executions that failed or were stopped, and of those it could not start.

    They hold what the caller asked.
    """
    if props.dead_letter_queue:
        return props.dead_letter_queue
    queue = _queue(scope, "DeadLetters", props)
    accept_last_queue(queue)
    return queue


def undelivered(scope: Construct, props: PipelineProps) -> sqs.Queue:
    """Where EventBridge sends what a rule or a schedule could not deliver, so that it is counted apart."""
    queue = _queue(scope, "Undelivered", props)
    accept_undelivered(queue)
    return queue


def _queue(scope: Construct, queue_id: str, props: PipelineProps) -> sqs.Queue:
    """Encrypted, refuses plain HTTP, kept 14 days, the most there is."""
    return sqs.Queue(
        scope,
        queue_id,
        enforce_ssl=True,
        encryption=sqs.QueueEncryption.KMS if props.encryption_key else sqs.QueueEncryption.SQS_MANAGED,
        encryption_master_key=props.encryption_key,
        retention_period=Duration.days(14),
        removal_policy=props.removal_policy,
    )
