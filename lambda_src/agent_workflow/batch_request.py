"""What an event asks for: one request, a batch of them, or one of a batch that another execution started."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from agent_workflow.errors import InvalidRequest
from agent_workflow.operation_names import branch_name
from agent_workflow.refusals import field_name, hidden, refusal
from agent_workflow.request import Budget, Request, checked, unwrapped

QUERIES = "queries"
MIN_QUERIES, MAX_QUERIES = 2, 50
BESIDE = ("budget_usd",)
"""What may stand beside `queries`; anything else each of them says for itself."""

_BATCH_QUERY = "batch_query"
_SMALLEST = Decimal("0.000000000001")
"""USD: the last digit that a budget may have."""


@dataclass(frozen=True)
class Query:
    """One of a batch.

    Attributes:
        operation: name of the operation that starts it, such as `query-2-edge-computing`.
        request: what is asked.
        event: the same as it was given, with its share of the batch's budget.
    """

    operation: str
    request: Request
    event: Mapping[str, Any]

    def payload(self, batch: str) -> dict[str, Any]:
        """The event of its execution; `batch` is the name of the execution that starts it."""
        return {_BATCH_QUERY: {"batch": batch, "operation": self.operation, "request": dict(self.event)}}


@dataclass(frozen=True)
class Batch:
    """Several requests, each for an execution of its own."""

    queries: tuple[Query, ...]


@dataclass(frozen=True)
class OneOfBatch:
    """A request that another execution makes for one of its batch.

    Attributes:
        request: what is asked.
        batch: name of that execution.
        operation: name of the operation in it.
    """

    request: Request
    batch: str
    operation: str


class _Beside(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    budget_usd: Budget = None


class _Envelope(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    batch: str
    operation: str
    request: dict[str, Any]


def parse_event(event: Any) -> Request | Batch | OneOfBatch:
    """What the event asks for.

    Raises:
        InvalidRequest: it breaks a rule.
    """
    asked = unwrapped(event)
    if asked.keys() == {_BATCH_QUERY}:
        return _one_of_batch(asked[_BATCH_QUERY])
    return _batch(asked) if QUERIES in asked else checked(asked)


def _one_of_batch(envelope: Any) -> OneOfBatch:
    try:
        read = _Envelope.model_validate(envelope)
    except ValidationError as error:
        raise InvalidRequest(f"{_BATCH_QUERY}: {refusal(error, private=True)}") from None
    # a Request has no queries: a batch starts no batch, whoever made up this event
    return OneOfBatch(checked(read.request), read.batch, read.operation)


def _batch(event: Mapping[str, Any]) -> Batch:
    if wrong := [field for field in event if field not in (QUERIES, *BESIDE)]:
        raise InvalidRequest(f"{QUERIES} must stand alone or with {', '.join(BESIDE)}, got {field_name(wrong[0])}")
    events = event[QUERIES]
    if not isinstance(events, list) or not MIN_QUERIES <= len(events) <= MAX_QUERIES:
        raise InvalidRequest(
            f"{QUERIES} must be a list of {MIN_QUERIES} to {MAX_QUERIES} requests, got {hidden(events)}"
        )
    requests = [_request(number, each) for number, each in enumerate(events)]
    shares = _shares(_budget(event), [request.budget_usd for request in requests])
    return Batch(
        tuple(
            Query(branch_name(number, request.query, "query-"), request, {**each, **share})
            for number, (request, each, share) in enumerate(zip(requests, events, shares, strict=True), 1)
        )
    )


def _request(number: int, event: Any) -> Request:
    where = f"{QUERIES}[{number}]"
    if not isinstance(event, dict):
        raise InvalidRequest(f"{where} must be a JSON object like {{'query': '...'}}, got {hidden(event)}")
    if QUERIES in event:
        raise InvalidRequest(f"{where} must hold no {QUERIES} of its own")
    return checked(event, f"{where}: ")


def _budget(event: Mapping[str, Any]) -> Decimal | None:
    try:
        return _Beside.model_validate({name: event[name] for name in BESIDE if name in event}).budget_usd
    except ValidationError as error:
        raise InvalidRequest(refusal(error, private=True)) from None


def _shares(budget: Decimal | None, own: list[Decimal | None]) -> list[dict[str, str]]:
    """What each request gets of the batch's budget: those without one of their own share what the others leave."""
    if budget is None:
        return [{}] * len(own)
    left = budget - sum(amount for amount in own if amount is not None)
    sharing = sum(amount is None for amount in own)
    share = (left / sharing).quantize(_SMALLEST, ROUND_DOWN) if sharing else Decimal(0)
    if left < 0 or (sharing and share <= 0):
        raise InvalidRequest(
            f"budget_usd must be more than the budgets of its {QUERIES} together, so that the others have a share, "
            f"got {budget:f} for {budget - left:f}"
        )
    return [{} if amount is not None else {"budget_usd": f"{share:f}"} for amount in own]
