"""Invocations that crashed or timed out, in the history where Lambda tells of them; the engine leaves them out."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from scripts.local_aws.functions.moments import moment

ERROR = {"errorType": "ErrorType", "errorMessage": "ErrorMessage"}


class CrashedInvocations:
    """Those of every execution since the endpoint began."""

    def __init__(self) -> None:
        self._known: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)

    def note(self, execution: str, began: float, ended: float, payload: bytes) -> None:
        """One ended with Lambda's error document."""
        error = {ERROR[key]: value for key, value in json.loads(payload).items() if key in ERROR}
        details = {"StartTimestamp": began, "EndTimestamp": ended, "RequestId": "", "Error": {"Payload": error}}
        self._known[execution].append(
            {
                "EventType": "InvocationCompleted",
                "EventTimestamp": ended,
                "InvocationCompletedDetails": details,
            }
        )

    def has(self, execution: str) -> bool:
        """Whether there are any."""
        return execution in self._known

    def page(self, execution: str, events: list[dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
        """A page of the history with them in it.

        Args:
            execution: its ARN.
            events: the engine's whole history.
            query: the request's; ReverseOrder, MaxItems and Marker count.
        """
        found = sorted([*events, *self._known[execution]], key=lambda event: moment(event["EventTimestamp"]))
        numbered = [{**event, "EventId": number} for number, event in enumerate(found, 1)]
        if query.get("ReverseOrder") == "true":
            numbered.reverse()
        start = int(query.get("Marker") or 0)
        end = start + int(query.get("MaxItems") or len(numbered))
        more = {"NextMarker": str(end)} if end < len(numbered) else {}
        return {"Events": numbered[start:end], **more}
