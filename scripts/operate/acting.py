"""The commands that change something: start, stop, pause, resume."""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from scripts.console.command_line import checked_topic, read_event
from scripts.console.ending import DONE, FAILED
from scripts.operate import looking, shown
from scripts.operate.endings import Refused, Unusable, code_of
from scripts.operate.executions import NAME, details, find
from scripts.operate.looking import Wanted
from scripts.operate.output import console, moment, write_json
from scripts.operate.place import Place
from scripts.operate.reading import Execution

SLUG_CHARACTERS, DIGEST_CHARACTERS = 40, 8
TAKEN = "DurableExecutionAlreadyStartedException"


def start(
    place: Place,
    *,
    topic: Annotated[
        str | None, typer.Argument(metavar="TOPIC", help="what to research, 1 to 2,000 characters")
    ] = None,
    event: Annotated[
        str | None, typer.Option(metavar="FILE", help="the whole event from a JSON file (- for stdin) instead")
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="of the execution; the same name and event never start two")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="another execution even if this event was started before")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="until it ends; the exit status says how")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="likewise, and show it meanwhile")] = False,
) -> int:
    """Start an execution, once.

    Without --name its name comes from the event, so starting the same event again finds the first.
    """
    document = _event(topic, event)
    return started(place, document, name_for(name, document, new=new), wait=wait, follow=follow)


def started(
    place: Place, document: Any, name: str, *, qualifier: str | None = None, wait: bool = False, follow: bool = False
) -> int:
    """Start an execution and say so; with `wait` or `follow` the exit status says how it ended.

    Args:
        place: whose pipeline.
        document: the event.
        name: of the execution.
        qualifier: a version instead of the alias. Default: the alias.
        wait: whether until it ends.
        follow: whether until it ends, shown meanwhile.
    """
    asked_at = datetime.now(UTC)
    arn = begin(place, document, name, qualifier)
    execution = Execution.read(place, arn)
    existed = execution.details["StartTimestamp"] < asked_at
    if follow:
        _say_started(execution, sys.stderr, existed=existed)
        return looking.follow(place, execution)
    if wait:
        looking.wait(execution)
    if place.as_json:
        write_json({**shown.document(execution), "existed": existed})
    elif wait:
        shown.write(console(), execution)
    else:
        _say_started(execution, sys.stdout, existed=existed)
    return DONE if not wait or execution.status == "SUCCEEDED" else FAILED


def stop(
    place: Place,
    *,
    execution: Wanted,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="kept in its history")] = "stopped by an operator",
) -> None:
    """End an execution for good.

    It is never continued, but redrive takes what it paid for.
    """
    _say(place, end(place, execution, reason), "stopped")


def pause(
    place: Place,
    *,
    execution: Wanted,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="kept with it")] = "paused by an operator",
) -> None:
    """Hold an execution until it is resumed.

    No invocation of it begins meanwhile; its timeout goes on.
    """
    _say(place, hold(place, execution, reason), "paused")


def resume(place: Place, *, execution: Wanted) -> None:
    """Let a paused execution go on."""
    _say(place, go_on(place, execution), "resumed")


def end(place: Place, wanted: str, reason: str) -> dict[str, Any]:
    """Stop an execution; what it was until then. Raises Refused where it has ended."""
    found = _running(place, wanted, "stop")
    error = {"ErrorType": "StoppedByOperator", "ErrorMessage": reason}
    place.durable.stop_durable_execution(DurableExecutionArn=found["DurableExecutionArn"], Error=error)
    return found


def hold(place: Place, wanted: str, reason: str) -> dict[str, Any]:
    """Pause an execution; what it was until then. Raises Refused where it does not run."""
    found = _running(place, wanted, "pause")
    place.durable.pause_durable_execution(DurableExecutionArn=found["DurableExecutionArn"], Reason=reason)
    return found


def go_on(place: Place, wanted: str) -> dict[str, Any]:
    """Resume an execution; what it was until then. Raises Refused where it is not paused."""
    found = details(place, find(place, wanted))
    if found["Status"] not in ("PAUSED", "PAUSING"):
        raise Refused(f"{found['DurableExecutionName']} is {found['Status']}, only a paused execution can be resumed")
    place.durable.resume_durable_execution(DurableExecutionArn=found["DurableExecutionArn"])
    return found


def _event(topic: str | None, file: str | None) -> Any:
    if (topic is None) == (file is None):
        raise Unusable("give TOPIC or --event, one of the two")
    return {"query": checked_topic(topic)} if topic is not None else read_event(str(file))


def name_for(name: str | None, document: Any, *, new: bool) -> str:
    """The name of an execution: the one that is given, else one from its event, another one each time if `new`.

    Raises:
        Unusable: it can be no name.
    """
    if name is not None:
        if new or not NAME.fullmatch(name):
            raise Unusable(f"--name must be 1 to 64 letters, digits, - or _, and without --new, got {name!r}")
        return name
    moment_ = f" {datetime.now(UTC).isoformat()}" if new else ""
    words = str(document.get("query", "")) if isinstance(document, dict) else ""
    slug = "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in words.lower()).split())
    return f"{slug[:SLUG_CHARACTERS].strip('-') or 'execution'}-{digest(document, moment_)}"


def digest(document: Any, more: str = "") -> str:
    """Ends the name of an execution, so that the same event never starts two."""
    text = f"{json.dumps(document, sort_keys=True)}{more}"
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_CHARACTERS]


def begin(place: Place, document: Any, name: str, qualifier: str | None = None) -> str:
    """Start an execution, or find the one that this name and event have started; its ARN.

    Args:
        place: whose pipeline.
        document: the event.
        name: of the execution.
        qualifier: a version instead of the alias. Default: the alias.

    Raises:
        Refused: the name is taken by another event.
    """
    try:
        answer = place.durable.invoke(
            FunctionName=place.alias.function,
            Qualifier=qualifier or place.alias.name,
            InvocationType="Event",
            DurableExecutionName=name,
            Payload=json.dumps(document).encode(),
        )
    except ClientError as error:
        if code_of(error) == TAKEN:
            raise Refused(
                f"{name} exists with another event: another --name, or scripts/pipeline show {name}"
            ) from None
        raise
    return str(answer["DurableExecutionArn"])


def _running(place: Place, wanted: str, what: str) -> dict[str, Any]:
    found = details(place, find(place, wanted))
    if found["Status"] not in ("RUNNING", "PAUSED", "PAUSING") or (what == "pause" and found["Status"] != "RUNNING"):
        raise Refused(f"{found['DurableExecutionName']} is {found['Status']} already, there is nothing to {what}")
    return found


def _say_started(execution: Execution, file: Any, *, existed: bool) -> None:
    how = (
        f"was started already at {moment(execution.details['StartTimestamp'])} UTC and is {execution.status}"
        if existed
        else "started"
    )
    print(f"{execution.name} {how}; scripts/pipeline watch {execution.name}", file=file)


def _say(place: Place, found: dict[str, Any], done: str) -> None:
    name = found["DurableExecutionName"]
    if place.as_json:
        write_json({"name": name, "arn": found["DurableExecutionArn"], "done": done})
    else:
        print(f"{name} {done}")
