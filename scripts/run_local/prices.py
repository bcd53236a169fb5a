"""What Amazon Bedrock would charge for the declared models, so that a local run shows its ledger in USD."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

PRICED_AS_OF = datetime(2026, 11, 22, tzinfo=UTC)
"""The day whose prices count, that of the construct: a table by the clock would change what a run reports."""

COLUMNS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
}


def bedrock_prices(models: Iterable[str]) -> dict[str, dict[str, str]]:
    """Model id -> token kind -> USD per million tokens as a decimal string; a model without a price is left out.

    The construct resolves the same table at synth; it cannot be imported here, because that loads the CDK.
    """
    from genai_prices import data_snapshot

    snapshot = data_snapshot.get_snapshot()
    prices = {}
    for model in models:
        try:
            _, info = snapshot.find_provider_model(model, None, "aws", None)
        except LookupError:
            continue
        price = info.get_prices(PRICED_AS_OF)
        amounts = {kind: getattr(price, column) for kind, column in COLUMNS.items()}
        found = {kind: format(getattr(amount, "base", amount), "f") for kind, amount in amounts.items() if amount}
        if {"input", "output"} <= found.keys():
            prices[model] = found
    return prices
