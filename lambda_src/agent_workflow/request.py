"""What a caller may ask for; refuses the rest."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, LiteralString

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from agent_workflow.errors import InvalidRequest
from agent_workflow.redrive_choice import Redrive
from agent_workflow.refusals import hidden, refusal
from agent_workflow.review_choice import ReviewField
from agent_workflow.topic_limits import MAX_TOPIC_CHARACTERS, MAX_TOPICS, MIN_TOPICS
from durable_strands.visible import is_visible

MAX_QUERY_CHARACTERS = 2_000
MAX_BUDGET_USD = Decimal(10_000)
BUDGET_RULE: LiteralString = "must be a number, or a string of one, over 0 and at most 10000"
TOPICS_RULE: LiteralString = 'must be a list of 2 to 20 topics, or "auto"'
TENANT_RULE: LiteralString = "must be a string of 1 to 64 of A-Z a-z 0-9 . _ -"
TENANT = re.compile(r"[A-Za-z0-9._-]{1,64}")
# A plain decimal number: no sign, exponent, blank, underscore or other script's digits.
PLAIN_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")


def _budget(value: object) -> Decimal:
    plain = isinstance(value, str) and PLAIN_DECIMAL.fullmatch(value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    amount = Decimal(str(value)) if plain or number else Decimal("NaN")
    if not amount.is_finite() or not 0 < amount <= MAX_BUDGET_USD:
        raise PydanticCustomError("budget", BUDGET_RULE)
    return amount


Budget = Annotated[Decimal | None, BeforeValidator(_budget)]


def _readable(query: str) -> str:
    if not is_visible(query):
        raise PydanticCustomError("invisible", "must hold a character that can be seen")
    return query


Topic = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TOPIC_CHARACTERS),
    AfterValidator(_readable),
]


def _topics(value: object, read: Callable[[object], tuple[str, ...]]) -> tuple[str, ...] | Literal["auto"]:
    if value == "auto":
        return "auto"
    if not isinstance(value, list) or not MIN_TOPICS <= len(value) <= MAX_TOPICS:
        raise PydanticCustomError("topics", TOPICS_RULE)
    topics = read(tuple(value))
    if len(set(topics)) < len(topics):
        raise PydanticCustomError("topics", "must be different topics after trimming")
    return topics


if TYPE_CHECKING:
    Topics = tuple[str, ...] | Literal["auto"]
else:
    # no union for pydantic, whose refusals would name its members
    Topics = Annotated[tuple[Topic, ...], WrapValidator(_topics)]


def _tenant(value: object) -> str:
    if not isinstance(value, str) or not TENANT.fullmatch(value):
        raise PydanticCustomError("tenant", TENANT_RULE)
    return value


Tenant = Annotated[str | None, BeforeValidator(_tenant)]


class Request(BaseModel):
    """One execution's request, checked and frozen.

    Attributes:
        query: the topic, 1 to 2,000 characters after trimming, at least one of them visible.
        demo_checkpoint: whether to wait durably for 10 seconds before the last agent. Default: no wait.
        budget_usd: USD that the model calls may cost. Default: only the deployment's ceiling applies.
        topics: 2 to 20 different parts of the query, each researched by itself, or "auto": the research agent names
            them. Default: none, the query is researched as a whole.
        review: the review by a person that the execution waits for; False is none, None the deployment's choice.
        redrive: the earlier execution whose finished calls are taken. Default: none, every call is made.
        max_failed_topics: so many of them may fail and the report is still written. Default: 0.
        tenant: whose budget windows the run counts in besides the pipeline's. Default: nobody's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    query: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUERY_CHARACTERS),
        AfterValidator(_readable),
    ]
    demo_checkpoint: bool = False
    budget_usd: Budget = None
    topics: Topics = None  # type: ignore[assignment]
    review: ReviewField = None  # type: ignore[assignment]
    redrive: Redrive | None = None
    max_failed_topics: Annotated[int, Field(ge=0, le=MAX_TOPICS)] = 0
    tenant: Tenant = None


def parse_request(event: Any) -> Request:
    """The event as a Request.

    Args:
        event: the request itself, or an SQS event with one message whose body is the request as JSON.

    Raises:
        InvalidRequest: the event is not a JSON object, or a field is missing, unknown or breaks its rule.
    """
    return checked(unwrapped(event))


def unwrapped(event: Any) -> dict[str, Any]:
    """The request in an event, not checked yet.

    Raises:
        InvalidRequest: it is not a JSON object.
    """
    event = _message_of_queue(event) if isinstance(event, dict) and event.keys() == {"Records"} else event
    if not isinstance(event, dict):
        raise InvalidRequest(f"the event must be a JSON object, got {hidden(event)}")
    return event


def checked(event: Any, where: str = "") -> Request:
    """A JSON object as a Request.

    Args:
        event: the object.
        where: what a refusal begins with. Default: nothing.

    Raises:
        InvalidRequest: a field is missing, unknown or breaks its rule.
    """
    try:
        return Request.model_validate(event)
    except ValidationError as error:
        # from None: pydantic's own text repeats the query, and the SDK logs the whole chain
        raise InvalidRequest(where + refusal(error, private=True)) from None


def _message_of_queue(event: dict[str, Any]) -> Any:
    """The one message of an SQS event; an execution has one request, so the trigger's batch size is one."""
    try:
        (record,) = event["Records"]
        body = record["body"]
    except (TypeError, ValueError, KeyError):
        raise InvalidRequest(
            f"an event with Records must hold one SQS message, got {hidden(event['Records'])}"
        ) from None
    try:
        return json.loads(body)
    except (TypeError, ValueError, RecursionError):
        raise InvalidRequest(f"the body of an SQS message must be JSON, got {hidden(body)}") from None
