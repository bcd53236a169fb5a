"""Finds executions: by ARN, name or beginning of a name, and in pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from durable_strands.folding import FOLDED, opened
from scripts.operate.endings import NotFound, Unusable, code_of
from scripts.operate.place import NOT_THERE, Place

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
LARGEST_PAGE = 1000
SHOWN_NAMES = 5
STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED", "PAUSED")
OVER = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED"})
"""Statuses of an execution that has ended."""

Summary = Mapping[str, Any]


def listed(
    place: Place,
    *,
    statuses: tuple[str, ...] = (),
    after: datetime | None = None,
    before: datetime | None = None,
    name: str | None = None,
    qualifiers: tuple[str, ...] = (),
) -> Iterator[Summary]:
    """Executions, newest first, page after page as far as they are asked for.

    Args:
        place: whose pipeline.
        statuses: only of these. Default: of any.
        after: only those that began after it. Default: any.
        before: likewise.
        name: as the service filters it: equal, or containing it.
        qualifiers: versions. Default: what the alias points to.
    """
    chosen: dict[str, Any] = {
        "Statuses": list(statuses), "StartedAfter": after, "StartedBefore": before, "DurableExecutionName": name,
    }  # fmt: skip
    asked = {key: value for key, value in chosen.items() if value}
    pages = place.durable.get_paginator("list_durable_executions_by_function")
    for qualifier in qualifiers or (place.alias.name,):
        found = pages.paginate(
            FunctionName=place.alias.function,
            Qualifier=qualifier,
            ReverseOrder=True,
            PaginationConfig={"PageSize": LARGEST_PAGE},
            **asked,
        )
        for page in found:
            yield from page["DurableExecutions"]


def versions(place: Place) -> tuple[str, ...]:
    """Published versions, newest first: executions stay on the one that started them."""
    try:
        pages = place.durable.get_paginator("list_versions_by_function").paginate(FunctionName=place.alias.function)
        found = [version["Version"] for page in pages for version in page["Versions"]]
    except ClientError as error:
        if code_of(error) in NOT_THERE:
            return ()
        raise
    return tuple(sorted((version for version in found if version.isdigit()), key=int, reverse=True))


def find(place: Place, wanted: str) -> str:
    """The ARN of an execution.

    Args:
        place: whose pipeline.
        wanted: an ARN, a name, or the beginning of one.

    Raises:
        NotFound: there is none.
        Unusable: several begin like that, or it can be no name.
    """
    if "/" in wanted:
        place.owns(wanted)
        return wanted
    if not NAME.fullmatch(wanted):
        raise Unusable(f"EXECUTION must be an ARN, a name or its beginning, got {wanted!r}")
    for qualifiers in _where(place):
        found = _named(place, wanted, qualifiers) or _beginning(place, wanted, qualifiers)
        if found:
            return _only(wanted, found)
    raise NotFound(f"no execution is named {wanted} or begins so: scripts/pipeline list shows them")


def details(place: Place, arn: str) -> dict[str, Any]:
    """GetDurableExecution, with what went in and what came out.

    Raises:
        NotFound: there is none.
    """
    try:
        found = dict(place.durable.get_durable_execution(DurableExecutionArn=arn, IncludeExecutionData=True))
    except ClientError as error:
        raise missing(error, arn) from None
    if (found.get("Result") or "").startswith(f'{{"{FOLDED}"'):  # of an execution that another one handed over to
        found["Result"] = json.dumps(opened(json.loads(found["Result"])))
    return found


def missing(error: ClientError, arn: str) -> Exception:
    """The error of a call on one execution; said in our words where there is no such execution."""
    if code_of(error) == "ResourceNotFoundException":
        return NotFound(f"there is no execution {arn}: it never was, or its retention is over")
    return error


def _where(place: Place) -> Iterator[tuple[str, ...]]:
    """First what the alias points to, then, only if it is not there, every version."""
    yield (place.alias.name,)
    if older := versions(place):
        yield older


def _named(place: Place, wanted: str, qualifiers: tuple[str, ...]) -> list[Summary]:
    found = [one for one in listed(place, name=wanted, qualifiers=qualifiers) if one["DurableExecutionName"] == wanted]
    return found[:1]  # of several runs of a name the newest


def _beginning(place: Place, wanted: str, qualifiers: tuple[str, ...]) -> list[Summary]:
    every = listed(place, qualifiers=qualifiers)
    return list(islice((one for one in every if one["DurableExecutionName"].startswith(wanted)), SHOWN_NAMES + 1))


def _only(wanted: str, found: list[Summary]) -> str:
    names = list(dict.fromkeys(one["DurableExecutionName"] for one in found))
    if len(names) > 1:
        shown = ", ".join(names[:SHOWN_NAMES]) + (", ..." if len(names) > SHOWN_NAMES else "")
        raise Unusable(f"several executions begin with {wanted}: {shown}; give more of the name")
    return str(found[0]["DurableExecutionArn"])
