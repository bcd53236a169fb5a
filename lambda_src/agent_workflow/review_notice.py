"""Tells people that a review waits: ids, a round and a link, never the text."""

import json
import os
import time
from dataclasses import asdict, dataclass, replace

from agent_workflow.flow_errors import ReviewNotRequested
from agent_workflow.review_link import ALGORITHM, PARAMETER, Claims, callback_digest, signed
from agent_workflow.settings import Settings

DETAIL_TYPE = "Review Requested"
SOURCE = "durable-agent-pipeline"
UNBOUNDED_SECONDS = 30 * 86_400
"""How long a link works whose answer is waited for without an end."""


@dataclass(frozen=True)
class Notice:
    """What is told.

    Attributes:
        pipeline: name of the pipeline.
        execution_name: name of the execution.
        execution_arn: its ARN.
        review: name of the callback's operation: `review-1`, or `summary-agent/interrupt-1`.
        callback_id: what the answer is sent to.
        round: from 1; the answer may repeat it, and counts for no other then.
        digest: SHA-256 of the text under review, likewise.
        of: which text that is.
        timeout_seconds: how long the answer is waited for. None: as long as the execution may take.
        escalated: whether nobody answered in time before.
        link: signed, to the page of this review; without such a page that of the function in the console, whose tab of
            durable executions lists this one.
    """

    pipeline: str
    execution_name: str
    execution_arn: str
    review: str
    callback_id: str
    round: int
    digest: str
    of: str
    timeout_seconds: int | None
    escalated: bool
    link: str = ""


def has_page(settings: Settings) -> bool:
    """Whether a review can be answered on a page."""
    return bool(settings.review_page_url and settings.review_link_key_arn)


def _console() -> str:
    """The function's page in the console; empty where no Region is known."""
    region, function = os.environ.get("AWS_REGION", ""), os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    page = f"https://{region}.console.aws.amazon.com/lambda/home?region={region}#/functions/{function}"
    return page if region and function else ""


def _page(settings: Settings, notice: Notice) -> str:
    """The review's own page, for as long as its answer is waited for."""
    import boto3

    def sign(message: bytes) -> bytes:
        reply = boto3.client("kms").generate_mac(
            KeyId=str(settings.review_link_key_arn), Message=message, MacAlgorithm=ALGORITHM
        )
        return bytes(reply["Mac"])

    claims = Claims(
        notice.execution_arn, callback_digest(notice.callback_id), notice.round, notice.digest,
        int(time.time()) + (notice.timeout_seconds or UNBOUNDED_SECONDS),
    )  # fmt: skip
    return f"{settings.review_page_url}?{PARAMETER}={signed(claims, sign)}"


def tell(settings: Settings, notice: Notice) -> None:
    """Publish to the topic and to the event bus, as far as the deployment has them. Inside a step only.

    Raises:
        ReviewNotRequested: one of them did not take it.
    """
    topic = settings.review_escalation_topic_arn if notice.escalated else None
    try:
        link = _page(settings, notice) if has_page(settings) else _console()
        detail = json.dumps(asdict(replace(notice, link=link)))
        _publish(topic or settings.review_topic_arn, notice, detail)
        _put_event(settings.review_event_bus, detail)
    except Exception as error:  # noqa: BLE001 - a client's own message may quote what was sent
        raise ReviewNotRequested(f"{notice.review} could not be requested: {type(error).__name__}") from None


def _publish(topic: str | None, notice: Notice, detail: str) -> None:
    if topic:
        import boto3

        subject = f"Review requested: {notice.pipeline}, {notice.review}"[:100]
        boto3.client("sns").publish(TopicArn=topic, Subject=subject, Message=detail)


def _put_event(bus: str | None, detail: str) -> None:
    if bus:
        import boto3

        entry = {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": detail, "EventBusName": bus}
        # the call succeeds although the event was refused
        if boto3.client("events").put_events(Entries=[entry])["FailedEntryCount"]:
            raise RuntimeError("the event bus refused the event")
