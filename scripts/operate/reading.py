"""Reads a whole execution: its details, its history, and what is new in it since."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from scripts.operate.executions import OVER, details, missing
from scripts.operate.history import Event, History, Operation
from scripts.operate.money import ledger
from scripts.operate.place import Place

PAGE = 1000


@dataclass
class Execution:
    """One execution as far as it was read.

    Attributes:
        details: GetDurableExecution's answer.
        history: its operations.
        data: whether the history is asked for with what calls returned.
    """

    place: Place
    arn: str
    details: dict[str, Any]
    history: History = field(default_factory=History)
    data: bool = True
    _seen: int = 0

    @classmethod
    def read(cls, place: Place, arn: str, *, data: bool = True) -> Execution:
        """All of it, as it stands.

        Args:
            place: whose execution.
            arn: which.
            data: whether with what calls returned. Default: with it, tokens are in there.

        Raises:
            NotFound: there is none.
        """
        execution = cls(place, arn, details(place, arn), data=data)
        execution.catch_up()
        return execution

    @classmethod
    def read_ledger(cls, place: Place, arn: str) -> Execution:
        """What tells its cost: the details alone where its ledger is in them, which is one call."""
        execution = cls(place, arn, details(place, arn))
        if (ledger(execution.details) or {}).get("cost_usd") is None:
            execution.catch_up()
        return execution

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.details["DurableExecutionName"])

    @property
    def status(self) -> str:
        """RUNNING, SUCCEEDED, FAILED, ..."""
        return str(self.details["Status"])

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.status in OVER

    def refresh(self) -> list[tuple[Event, Operation]]:
        """Look again; the events that are new, each with its operation."""
        self.details = details(self.place, self.arn)  # first: what has ended tells all of its history
        return self.catch_up()

    def catch_up(self) -> list[tuple[Event, Operation]]:
        """Take in the events that are new: newest first until a known one, so that a long history is read once."""
        fresh: list[Event] = []
        pages = self.place.durable.get_paginator("get_durable_execution_history").paginate(
            DurableExecutionArn=self.arn,
            IncludeExecutionData=self.data,
            ReverseOrder=True,
            PaginationConfig={"PageSize": PAGE},
        )
        try:
            for page in pages:
                unseen = [event for event in page["Events"] if event["EventId"] > self._seen]
                fresh += unseen
                if len(unseen) < len(page["Events"]):
                    break
        except ClientError as error:
            raise missing(error, self.arn) from None
        told = []
        for event in sorted(fresh, key=lambda event: event["EventId"]):
            self._seen = event["EventId"]
            operation = self.history.add(event)
            if operation is not None:
                told.append((event, operation))
        return told
