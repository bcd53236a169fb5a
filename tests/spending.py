"""The table of budgets as tests look at it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agent_workflow.budget_table import RESERVED
from agent_workflow.budget_windows import PIPELINE, TENANT, UNITS_PER_USD
from scripts.local_aws.tables import Tables


@dataclass(frozen=True)
class MonthTable:
    """A table of this test's own, in a process of its own."""

    tables: Tables
    name: str

    def items(self) -> list[dict[str, Any]]:
        """Every item, as DynamoDB writes them."""
        return list(self.tables.client.scan(TableName=self.name, ConsistentRead=True)["Items"])

    def item(self, tenant: str | None = None) -> dict[str, Any]:
        """The only month of the pipeline or of a tenant; empty if nothing was counted."""
        scope = PIPELINE if tenant is None else TENANT + tenant
        found = [item for item in self.items() if item["scope"]["S"] == scope]
        assert len(found) <= 1
        return found[0] if found else {}

    def usd(self, field: str = "total", tenant: str | None = None) -> Decimal:
        """What a field of that item counts."""
        return Decimal(self.item(tenant).get(field, {"N": "0"})["N"]) / UNITS_PER_USD

    def held(self, tenant: str | None = None) -> list[Decimal]:
        """What its reservations hold."""
        item = self.item(tenant)
        return [Decimal(item[name]["M"]["usd"]["N"]) / UNITS_PER_USD for name in item if name.startswith(RESERVED)]
