"""What was measured, as plain values: for the table, the JSON document, the page and the picture alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from scripts.cost_model.designs import DESIGNS
from scripts.cost_model.measure import Measured
from scripts.cost_model.texts import ASSUMPTIONS

CENT_DIGITS = 4
TIMES = {0: "no failure", 1: "1 retry", 2: "2 retries"}


@dataclass(frozen=True)
class Findings:
    """A whole measurement.

    Attributes:
        rows: every run, in the order they ran.
        prices: model id -> token kind -> USD per million tokens.
        prices_from: name and version of the price table.
        measured_on: the day.
    """

    rows: Sequence[Measured]
    prices: Mapping[str, Mapping[str, str]]
    prices_from: str
    measured_on: date

    def stories(self) -> dict[str, list[Measured]]:
        """The rows by story."""
        titles = dict.fromkeys(row.story for row in self.rows)
        return {title: [row for row in self.rows if row.story == title] for title in titles}

    def disagreements(self) -> list[str]:
        """Where a result's ledger is not what Bedrock served; a sentence each."""
        return [
            f"{row.story}, {scenario(row)}, {row.design}: the ledger says {row.ledger_usd} USD, "
            f"Bedrock served {plain(row.bill.usd)} USD"
            for row in self.rows
            if row.ledger_usd is not None and row.ledger_usd != row.bill.usd
        ]

    def trusted(self) -> bool:
        """Whether every ledger is what Bedrock served, and the default design keeps one."""
        kept = all(row.ledger_usd is not None for row in self.rows if row.design == DESIGNS[-1].name)
        return kept and not self.disagreements()

    def document(self) -> dict[str, Any]:
        """The JSON document."""
        return {
            "measured_on": self.measured_on.isoformat(),
            "prices_from": self.prices_from,
            "usd_per_million_tokens": self.prices,
            "assumptions": list(ASSUMPTIONS),
            "rows": [_row(row) for row in self.rows],
            "disagreements": self.disagreements(),
        }


def scenario(row: Measured) -> str:
    """What went wrong in a run, for people."""
    times = TIMES[row.failures]
    return f"{times} at {row.point}" if row.failures else times


def plain(amount: Decimal) -> str:
    """An exact amount without trailing zeros."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(amount: Decimal) -> str:
    """An amount as people read it, to the hundredth of a cent."""
    return f"${amount:.{CENT_DIGITS}f}"


def _row(row: Measured) -> dict[str, Any]:
    paid = row.bill
    return {
        "story": row.story,
        "scenario": scenario(row),
        "design": row.design,
        "invocations": row.outcome.invocations,
        "model_calls": paid.model_calls,
        "refused_calls": paid.refused_calls,
        "repaid_calls": paid.repaid_calls,
        "tool_runs": row.tool_runs,
        "input_tokens": paid.input_tokens,
        "output_tokens": paid.output_tokens,
        "cache_read_tokens": paid.cache_read_tokens,
        "cache_write_tokens": paid.cache_write_tokens,
        "usd": plain(paid.usd),
        "repaid_usd": plain(paid.repaid_usd),
        "input_usd": plain(paid.input_usd),
        "ledger_usd": None if row.ledger_usd is None else plain(row.ledger_usd),
        "ledger_saved_usd": None if row.saved_usd is None else plain(row.saved_usd),
        "ledger_cache_saved_usd": None if row.cache_saved_usd is None else plain(row.cache_saved_usd),
    }
