"""Lets the function tell people of reviews."""

import json

from aws_cdk import Annotations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from ..acknowledgements import accept_topic_key
from ..choices.props import PipelineProps
from .review_page import ReviewPage

_TOO_SHORT = (
    "execution_timeout must be longer than a review and its work, else an execution ends before anybody answers: "
    "raise it, or shorten the review's timeout"
)


def review_topic(scope: Construct, props: PipelineProps, role: iam.IRole) -> sns.ITopic | None:
    """The topic of reviews, which the role may publish to, as to the other channels; None without `review`."""
    review = props.review
    if review is None:
        return None
    topic = review.topic or sns.Topic(
        scope,
        "ReviewTopic",
        display_name="Durable agent pipeline reviews",
        enforce_ssl=True,
        master_key=props.encryption_key,
    )
    for told in (topic, review.escalation_topic):
        if told is not None:
            told.grant_publish(role)
            if isinstance(told, sns.Topic) and told.master_key:
                accept_topic_key(role)
    if review.event_bus is not None:
        review.event_bus.grant_put_events_to(role)
    if review.by_default and review.timeout.to_seconds() >= props.execution_timeout.to_seconds():
        Annotations.of(scope).add_warning_v2("durable-agent-pipeline:review-timeout", _TOO_SHORT)
    return topic


def review_variables(
    props: PipelineProps, topic: sns.ITopic | None, page: ReviewPage | None = None
) -> dict[str, str | None]:
    """What the function reads of it."""
    review = props.review
    if review is None or topic is None:
        return {}
    chosen = {
        "after": review.after,
        "timeout_seconds": review.timeout.to_seconds(),
        "on_timeout": review.on_timeout,
        "max_rounds": review.max_rounds,
    }
    return {
        "REVIEW": json.dumps(chosen) if review.by_default else None,
        "REVIEW_TOPIC_ARN": topic.topic_arn,
        "REVIEW_ESCALATION_TOPIC_ARN": review.escalation_topic.topic_arn if review.escalation_topic else None,
        "REVIEW_EVENT_BUS": review.event_bus.event_bus_arn if review.event_bus else None,
        "REVIEW_PAGE_URL": page.url.url if page else None,
        "REVIEW_LINK_KEY_ARN": page.link_key.key_arn if page else None,
    }
