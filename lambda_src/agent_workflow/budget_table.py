"""The table of budgets: one item for a scope's month, changed by single conditional updates (docs/decisions/0051).

An item is named by its `month` and its `scope`, `pipeline` or `tenant#NAME`. It holds the units of the month (`total`)
and of each day (`day24`), those of its calls in flight included; of each such call a reservation under a name made from
its operation; what was counted for calls of which nobody knows whether they were billed (`unsure`, a part of `total`);
and when the item goes (`expires`).
"""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from agent_workflow.budget import BudgetExceeded, BudgetThrottled, BudgetUnavailable
from agent_workflow.budget_windows import Month, Window, in_usd
from agent_workflow.store_faults import passes_by_itself, reason
from durable_strands.errors import AgentFailed

KEPT_SECONDS = 400 * 86_400
"""How long a month stays readable after its end."""

HELD_SECONDS = 3_600
"""After so long a reservation is no call in flight any more: an invocation lasts 15 minutes at most."""

MOST_FORGOTTEN = 20
"""Old reservations that are taken out at once."""

RESERVED = "held_"
_REFUSED = "ConditionalCheckFailedException"


@dataclass(frozen=True)
class Reservation:
    """What a try of a call has reserved in the windows of one scope.

    Attributes:
        windows: where.
        name: of the call, the same for every try of it.
        attempt: number of the try.
        amount: the most it may cost, in units.
    """

    windows: Month
    name: str
    attempt: int
    amount: int


def name_of(operation: str) -> str:
    """The attribute that holds the reservation of an operation."""
    return RESERVED + hashlib.sha256(operation.encode()).hexdigest()[:24]


class BudgetTable:
    """Reserves before a call and settles after it; each is one update, which the service makes whole or not at all."""

    def __init__(self, name: str) -> None:
        self._name = name

    def reserve(self, asked: Reservation, now: float) -> None:
        """Count the most that the call may cost, if it fits into every window.

        A second request of the same try changes nothing. What an earlier try of the call left stays counted: its
        process died, and the call may have been billed.

        Raises:
            BudgetExceeded: it does not fit.
            BudgetThrottled: the table is busy or cannot be reached; nothing was sent to the model.
            BudgetUnavailable: there is no such table, or it may not be used.
        """
        day, month = asked.windows.day, asked.windows.month
        names = {
            "#held": asked.name, "#total": "total", "#day": _day(day), "#unsure": "unsure", "#expires": "expires",
            "#usd": "usd", "#attempt": "attempt",
        }  # fmt: skip
        held = {"usd": _n(asked.amount), "attempt": _n(asked.attempt), "until": _n(int(now) + HELD_SECONDS)}
        values = {
            ":held": {"M": held}, ":usd": _n(asked.amount), ":attempt": _n(asked.attempt), ":none": _n(0),
            ":expires": _n(_end_of(month) + KEPT_SECONDS),
        }  # fmt: skip
        new = "(attribute_not_exists(#held) OR #held.#attempt < :attempt)"
        room = [_room(name, window, asked.amount, values) for name, window in (("#day", day), ("#total", month))]
        try:
            item = self._update(
                asked.windows,
                "SET #unsure = if_not_exists(#unsure, :none) + if_not_exists(#held.#usd, :none), #held = :held, "
                "#expires = :expires ADD #total :usd, #day :usd",
                condition=" AND ".join(filter(None, (new, *room))),
                names=names,
                values=values,
            )
        except _Refused as refused:
            if _attempt(refused.item.get(asked.name)) == asked.attempt:
                return  # the answer to the first request was lost
            raise _exceeded(asked, refused.item) from None
        self._forget(asked.windows, item, now)

    def settle(self, reserved: Reservation, cost: int | None) -> None:
        """Replace a reservation by what the call cost, in units; None: nobody knows, and it stays counted as it is.

        Raises:
            BudgetThrottled, BudgetUnavailable: as `reserve`; the reservation stays.
        """
        names = {"#held": reserved.name, "#attempt": "attempt"}
        values = {":attempt": _n(reserved.attempt)}
        if cost is None:
            change, more = "ADD #unsure :usd REMOVE #held", {"#unsure": "unsure"}
            values[":usd"] = _n(reserved.amount)
        else:
            change, more = "ADD #total :usd, #day :usd REMOVE #held", {"#total": "total"}
            more["#day"] = _day(reserved.windows.day)
            values[":usd"] = _n(cost - reserved.amount)
        try:
            self._update(
                reserved.windows, change, condition="#held.#attempt = :attempt", names=names | more, values=values
            )
        except _Refused:
            return  # settled by a request whose answer was lost, or given up as too old

    def _forget(self, windows: Month, item: Mapping[str, Any], now: float) -> None:
        """Take out reservations whose calls cannot be in flight any more; they stay counted, as unsure."""
        old = [
            name
            for name, value in item.items()
            if name.startswith(RESERVED) and int(value["M"]["until"]["N"]) < int(now)
        ][:MOST_FORGOTTEN]
        if not old:
            return
        names = {f"#n{number}": name for number, name in enumerate(old)}
        amount = sum(int(item[name]["M"]["usd"]["N"]) for name in old)
        same = [f"{name}.#until < :now" for name in names]
        try:
            self._update(
                windows,
                f"ADD #unsure :usd REMOVE {', '.join(names)}",
                condition=" AND ".join(same),
                names={**names, "#unsure": "unsure", "#until": "until"},
                values={":usd": _n(amount), ":now": _n(int(now))},
            )
        except (_Refused, AgentFailed):
            return  # another call does it

    def _update(
        self, windows: Month, change: str, *, condition: str, names: dict[str, str], values: dict[str, Any]
    ) -> dict[str, Any]:
        try:
            reply = _client().update_item(
                TableName=self._name,
                Key={"month": {"S": windows.month.name}, "scope": {"S": windows.scope}},
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except Exception as error:  # noqa: BLE001 - a client's own message may quote what was sent
            if reason(error) == _REFUSED:
                raise _Refused(getattr(error, "response", {}).get("Item") or {}) from None
            kind = BudgetThrottled if passes_by_itself(error) else BudgetUnavailable
            raise kind(f"the table of budgets answered {reason(error)}, so no call was made") from None
        return dict(reply["Attributes"])


class _Refused(Exception):
    """The condition of an update does not hold for `item`."""

    def __init__(self, item: dict[str, Any]) -> None:
        super().__init__()
        self.item = item


def _room(name: str, window: Window, amount: int, values: dict[str, Any]) -> str:
    """The condition that `amount` more stays within the window's limit; empty without one."""
    if window.limit is None:
        return ""
    values[f":{window.period}"] = _n(window.limit - amount)
    fits = f"{name} <= :{window.period}"
    return f"(attribute_not_exists({name}) OR {fits})" if amount <= window.limit else fits


def _exceeded(asked: Reservation, item: Mapping[str, Any]) -> BudgetExceeded:
    for window in asked.windows:
        name = _day(window) if window.period == "day" else "total"
        counted = int(item.get(name, {"N": "0"})["N"])
        if window.limit is not None and counted + asked.amount > window.limit:
            return BudgetExceeded(
                f"the budget of {in_usd(window.limit):f} USD a {window.period} of {window.told()} leaves no room for "
                f"the next call in {window.name}: {in_usd(counted):f} USD are spent or reserved, the call may cost "
                f"{in_usd(asked.amount):f} USD",
                details={"window": {
                    "scope": asked.windows.scope, "period": window.period, "name": window.name,
                    "limit_usd": f"{in_usd(window.limit):f}", "counted_usd": f"{in_usd(counted):f}",
                }},
            )  # fmt: skip
    raise BudgetUnavailable("the table of budgets refused a reservation that fits, so no call was made")


def _attempt(held: Mapping[str, Any] | None) -> int | None:
    return int(held["M"]["attempt"]["N"]) if held else None


def day_field(day: int) -> str:
    """The attribute that counts a day of the month."""
    return f"day{day:02}"


def _day(window: Window) -> str:
    return day_field(int(window.name[-2:]))


def _end_of(month: Window) -> int:
    """When a month has ended, in seconds since 1970, to the day."""
    year, number = map(int, month.name.split("-"))
    days = calendar.monthrange(year, number)[1]
    return int(datetime(year, number, days, tzinfo=UTC).timestamp()) + 86_400


def _n(number: int) -> dict[str, str]:
    return {"N": str(number)}


@cache
def _client() -> Any:
    import boto3
    from botocore.config import Config

    # Twice in place, since a request whose answer was lost changes nothing the second time; the durable engine waits
    # for a table that stays busy, suspended and unbilled.
    return boto3.client(
        "dynamodb",
        config=Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=3, read_timeout=5),
    )
