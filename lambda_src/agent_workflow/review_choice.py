"""How a person reviews: what an event, or the deployment for all events, may choose."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, WrapValidator
from pydantic_core import PydanticCustomError

MAX_TIMEOUT_SECONDS = 31_622_400


class ReviewChoice(BaseModel):
    """A review that an execution waits for.

    Attributes:
        after: which text is reviewed: the analysis or the report. Default: the report.
        timeout_seconds: how long an answer is waited for, 60 to 31,622,400. Default: 86,400, a day.
        on_timeout: what no answer means: reject, approve, or escalate: tell the second topic and wait once more, then
            reject. Default: reject.
        max_rounds: how often the agent may be sent back with comments, 1 to 10. Default: 3.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    after: Literal["analysis", "report"] = "report"
    timeout_seconds: int = Field(default=86_400, ge=60, le=MAX_TIMEOUT_SECONDS)
    on_timeout: Literal["reject", "approve", "escalate"] = "reject"
    max_rounds: int = Field(default=3, ge=1, le=10)


def _chosen(value: object, read: Callable[[object], ReviewChoice]) -> ReviewChoice | Literal[False]:
    if not isinstance(value, bool | dict):
        raise PydanticCustomError("review", "must be true, false or an object")
    return False if value is False else read({} if value is True else value)


if TYPE_CHECKING:
    ReviewField = ReviewChoice | Literal[False]
else:
    # no union for pydantic, whose refusals would name its members
    ReviewField = Annotated[ReviewChoice, WrapValidator(_chosen)]
"""True is a review with every default; False is none, whatever the deployment chose."""
