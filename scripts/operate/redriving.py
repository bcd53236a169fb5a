"""The command that runs an execution again and pays only for what comes after what it takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from agent_workflow.errors import InvalidRequest
from agent_workflow.request import Request, checked
from scripts.operate.acting import digest, started
from scripts.operate.endings import NotFound, Refused, Unusable
from scripts.operate.executions import find, versions
from scripts.operate.looking import Wanted
from scripts.operate.place import Place
from scripts.operate.reading import Execution

REDRIVE = "redrive"
NAME_CHARACTERS = 47
"""Of the earlier name: with `-redrive-` and the digest they make the 64 that a name may have."""
FIXED = ("query", REDRIVE)
SETTABLE = tuple(field for field in Request.model_fields if field not in FIXED)


def redrive(
    place: Place,
    *,
    execution: Wanted,
    before: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="OPERATION", help="make it and what comes after anew, as research-agent/model-2"
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="another value for a field of the event; may be repeated"),
    ] = None,
    version: Annotated[
        str | None, typer.Option(metavar="N", help="a published version; left out: what the alias points to")
    ] = None,
    new: Annotated[
        bool, typer.Option("--new", help="another one even if this very redrive was started before")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="until it ends; the exit status says how")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="likewise, and show it meanwhile")] = False,
) -> int:
    """Run an execution again and pay only for what is new.

    A new execution takes every finished call before OPERATION from the earlier one's history; without --from, all
    that finished. What does not fit ends it as RedriveRefused before anything is paid.
    """
    earlier = Execution.read(place, find(place, execution), data=False)
    _refuse_misfit(place, earlier, before, version)
    choice = {"execution_arn": earlier.arn, **({"before": before} if before else {})}
    document = {**_changed(_event_of(earlier), changes or ()), REDRIVE: choice}
    told = f"{version or ''}{datetime.now(UTC).isoformat() if new else ''}"
    name = f"{earlier.name[:NAME_CHARACTERS]}-{REDRIVE}-{digest(document, told)}"
    return started(place, document, name, qualifier=version, wait=wait, follow=follow)


def _refuse_misfit(place: Place, earlier: Execution, before: str | None, version: str | None) -> None:
    """Refuse what the new execution would refuse, where it can be seen from here."""
    function = earlier.details["FunctionArn"].split(":")[6:7]
    if function not in ([], [place.alias.function]):
        raise Unusable(f"{earlier.name} is an execution of {function[0]}, not of {place.alias.function}: --alias")
    if not earlier.is_over:
        raise Refused(f"{earlier.name} is {earlier.status}: a redrive takes from what has ended, or is stopped first")
    if before is not None and before not in {path for path, _ in earlier.history.walk()}:
        raise NotFound(f"{earlier.name} has no operation {before}: scripts/pipeline show --all {earlier.name}")
    if version is not None and version not in (versions(place) or (version,)):  # the local stack of run_local has none
        raise NotFound(f"{place.alias.function} has no published version {version}")


def _event_of(earlier: Execution) -> dict[str, Any]:
    """The request that the earlier execution was started with."""
    try:
        event = json.loads(earlier.details["InputPayload"])
        if event.keys() == {"Records"}:  # a queue's message
            event = json.loads(event["Records"][0]["body"])
        event = event["batch_query"]["request"] if event.keys() == {"batch_query"} else event
    except (KeyError, ValueError, TypeError, AttributeError, IndexError):
        raise Refused(f"{earlier.name} was started with no event that could be started again") from None
    if "queries" in event:
        raise Unusable(f"{earlier.name} is a batch: redrive those of its queries that failed, each by itself")
    return dict(event)


def _changed(event: dict[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    for change in changes:
        field, equals, text = change.partition("=")
        if not equals or field not in SETTABLE:
            raise Unusable(f"--set must be FIELD=VALUE for one of {', '.join(SETTABLE)}, got {change.split('=')[0]!r}")
        event[field] = _value(text)
    try:
        checked({name: value for name, value in event.items() if name != REDRIVE})
    except InvalidRequest as error:
        raise Unusable(f"--set: {error}") from None
    return event


def _value(text: str) -> Any:
    """JSON if it is, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
