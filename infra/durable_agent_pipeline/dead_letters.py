"""The queue of events that were given up."""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .acknowledgements import accept_last_queue
from .props import PipelineProps


def dead_letters(scope: Construct, props: PipelineProps) -> sqs.Queue:
    """Encrypted, refuses plain HTTP, kept 14 days, the most there is."""
    queue = sqs.Queue(
        scope,
        "DeadLetters",
        enforce_ssl=True,
        encryption=sqs.QueueEncryption.KMS if props.encryption_key else sqs.QueueEncryption.SQS_MANAGED,
        encryption_master_key=props.encryption_key,
        retention_period=Duration.days(14),
        removal_policy=props.removal_policy,
    )
    accept_last_queue(queue)
    return queue
