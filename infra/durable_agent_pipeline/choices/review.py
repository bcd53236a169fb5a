"""How people review what executions write."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_sns as sns

from .rules import lasting, one_of, whole

After = Literal["analysis", "report"]
OnTimeout = Literal["reject", "approve", "escalate"]
MOST_ROUNDS = 10


@dataclass(frozen=True, kw_only=True)
class Review:
    """Who is notified of a review, and which executions have one; docs/flow.md has what people may answer.

    Raises:
        ValueError: when a choice breaks a rule; the message says the rule and the value got.
    """

    topic: sns.ITopic | None = None
    """Where the notice of a review goes, with ids and never the text. Default: a topic of its own, `review_topic`."""

    escalation_topic: sns.ITopic | None = None
    """Where a second notice goes when nobody answered in time and on_timeout is "escalate". Default: the same topic."""

    event_bus: events.IEventBus | None = None
    """Bus that gets an event "Review Requested" as well. Default: none."""

    page: bool = False
    """Whether a review has a page of its own, behind a function URL, that shows the text and takes the answer; the
    notice then carries a signed link to it, and whoever has the link can answer. Default: it has none."""

    by_default: bool = True
    """Whether executions whose event says nothing of a review have one. Default: they have."""

    after: After = "report"
    """Which text is reviewed then: "analysis" or "report". Default: the report."""

    timeout: Duration = field(default_factory=lambda: Duration.hours(24))
    """How long an answer is waited for then; 1 minute to 366 days. Default: 24 hours."""

    on_timeout: OnTimeout = "reject"
    """What no answer means then: "reject", "approve", or "escalate" and wait once more. Default: reject."""

    max_rounds: int = 3
    """How often a text may be sent back with comments then, 1 to 10. Default: 3."""

    def __post_init__(self) -> None:
        one_of("after of a review", self.after, get_args(After))
        one_of("on_timeout of a review", self.on_timeout, get_args(OnTimeout))
        lasting("timeout of a review", self.timeout, Duration.minutes(1), Duration.days(366))
        whole("max_rounds of a review", self.max_rounds, 1, MOST_ROUNDS)
        for name in ("page", "by_default"):
            if not isinstance(chosen := getattr(self, name), bool):
                raise ValueError(f"{name} of a review must be True or False, got {chosen!r}")  # noqa: TRY004
