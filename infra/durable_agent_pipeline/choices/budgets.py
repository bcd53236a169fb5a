"""What may be spent in a day and a month."""

from dataclasses import dataclass, fields
from decimal import Decimal

from .rules import positive_usd


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """USD that model calls may cost in a day and a month of UTC; docs/budgets.md says how they are held.

    With none of them set the table counts and nothing is refused.

    Raises:
        ValueError: when a choice breaks a rule; the message says the rule and the value got.
    """

    per_day_usd: Decimal | str | float | None = None
    """Most for all executions together in a day, above 0, at most 1,000,000. Default: no limit."""

    per_month_usd: Decimal | str | float | None = None
    """Most for all executions together in a month, likewise. Default: no limit."""

    tenant_per_day_usd: Decimal | str | float | None = None
    """Most for the executions of one tenant, named by the event's `tenant`, in a day, likewise. Default: no limit."""

    tenant_per_month_usd: Decimal | str | float | None = None
    """Most for the executions of one tenant in a month, likewise. Default: no limit."""

    def __post_init__(self) -> None:
        for name, amount in self.limits().items():
            # frozen for everybody else: amounts are read once, here
            object.__setattr__(self, name, positive_usd(f"{name} of budgets", amount))
        for day, month in (("per_day_usd", "per_month_usd"), ("tenant_per_day_usd", "tenant_per_month_usd")):
            limits = self.limits()
            if day in limits and month in limits and limits[day] > limits[month]:
                raise ValueError(f"{day} of budgets must be at most {month}, {limits[month]}, got {limits[day]}")

    def limits(self) -> dict[str, Decimal]:
        """Those that are set."""
        chosen = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: amount for name, amount in chosen.items() if amount is not None}
