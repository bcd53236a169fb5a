"""The event of an execution that goes on from another one: what that one was started with, and what it has finished."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from aws_durable_execution_sdk_python import SerDesError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent_workflow.errors import InvalidRequest
from agent_workflow.large_results import LargeResultsSerDes, bucket_of, is_reference
from agent_workflow.refusals import refusal
from agent_workflow.request import unwrapped
from agent_workflow.settings import Settings
from durable_strands.errors import ResultNotKept

CONTINUED = "continued"


class _Envelope(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    number: Annotated[int, Field(ge=2)]
    event: dict[str, Any]
    carried: str


@dataclass(frozen=True)
class Begun:
    """What an execution goes on from.

    Attributes:
        event: what the first execution of the chain was started with.
        number: of this execution in the chain, from 1.
        carried: what the executions before have finished, as `durable_strands.carried` writes it; None in the first.
    """

    event: Mapping[str, Any]
    number: int = 1
    carried: str | None = None


def begun(event: Any, settings: Settings) -> Begun:
    """What the event of an execution says of those before it.

    Raises:
        InvalidRequest: it is that of a hand-over and breaks a rule.
        ResultNotKept: what was handed over is not in the bucket any more.
    """
    asked = unwrapped(event)
    if asked is not event:
        return Begun(asked)  # of a queue's message, which no hand-over sends
    if is_reference(asked):
        asked = _stored(asked, settings)
    if asked.keys() != {CONTINUED}:
        return Begun(asked)
    try:
        read = _Envelope.model_validate(asked[CONTINUED])
    except ValidationError as error:
        raise InvalidRequest(f"{CONTINUED}: {refusal(error, private=True)}") from None
    return Begun(read.event, read.number, read.carried)


def handed_event(event: Mapping[str, Any], number: int, carried: str) -> dict[str, Any]:
    """The event that `begun` reads."""
    return {CONTINUED: {"number": number, "event": dict(event), "carried": carried}}


def _stored(reference: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    bucket = bucket_of(settings.large_results_bucket, settings.large_results_kms_key_arn)
    if bucket is None or not is_reference(reference, bucket.name):
        raise InvalidRequest("an event that lies in a bucket must lie in this deployment's, as a hand-over writes it")
    try:
        return unwrapped(LargeResultsSerDes(bucket).deserialize(json.dumps(reference)))
    except SerDesError as error:
        raise ResultNotKept(str(error)) from None
