"""Choices of resources that the caller has already: the pipeline uses them in place of its own."""

from dataclasses import dataclass
from typing import TypedDict

from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs


@dataclass(frozen=True, kw_only=True)
class OwnChoices:
    """Resources that you bring along; their encryption, retention and removal stay yours."""

    role: iam.IRole | None = None
    """What the function runs as; Lambda must be able to assume it. What the agents need is added to it; where that
    cannot be, a synth warning says so. Default: a role of its own with nothing more than it needs."""

    log_group: logs.ILogGroup | None = None
    """Where the function logs. Default: a log group of its own, by `log_retention` and `encryption_key`."""

    dead_letter_queue: sqs.IQueue | None = None
    """Where events go that were given up. Default: a queue of its own, kept 14 days."""

    alarm_topic: sns.ITopic | None = None
    """Where alarms and notices of failed executions go. The topic's policy, where it can be changed, is extended to
    allow them. Default: a topic of its own."""

    large_results_bucket: s3.IBucket | None = None
    """Where texts and tool results go that are too big for a checkpoint, under their digests; expiring them is its
    owner's choice, not before execution_timeout and retention_period. Default: a bucket of its own."""

    def check_own(self, *, large_results: bool) -> None:
        """Refuse a bucket that nothing would use."""
        if self.large_results_bucket is not None and not large_results:
            raise ValueError("large_results_bucket must come with large_results, got large_results=False")


# From here on written by scripts/construct_page.py --write: the class above, for type checkers and editors.
class OwnKeywords(TypedDict, total=False):
    """Resources that you bring along; their encryption, retention and removal stay yours."""

    role: iam.IRole | None
    """What the function runs as; Lambda must be able to assume it. What the agents need is added to it; where that
    cannot be, a synth warning says so. Default: a role of its own with nothing more than it needs."""

    log_group: logs.ILogGroup | None
    """Where the function logs. Default: a log group of its own, by `log_retention` and `encryption_key`."""

    dead_letter_queue: sqs.IQueue | None
    """Where events go that were given up. Default: a queue of its own, kept 14 days."""

    alarm_topic: sns.ITopic | None
    """Where alarms and notices of failed executions go. The topic's policy, where it can be changed, is extended to
    allow them. Default: a topic of its own."""

    large_results_bucket: s3.IBucket | None
    """Where texts and tool results go that are too big for a checkpoint, under their digests; expiring them is its
    owner's choice, not before execution_timeout and retention_period. Default: a bucket of its own."""
