"""Bedrock's list prices from the pinned genai-prices; run it when that pin moves: it writes the construct's table."""

import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[2] / "infra" / "durable_agent_pipeline" / "agents" / "list_prices.json"
# Prices that change on a date are read as of this one. Move it with the pin in requirements.txt.
AS_OF = datetime(2026, 11, 22, tzinfo=UTC)
COLUMNS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
}
_CLAUSES = ("contains", "equals", "starts_with", "ends_with")


def table() -> dict[str, Any]:
    """Bedrock's models in the order in which an id is looked up, as the file holds them.

    Raises:
        ValueError: for a way of matching that the construct does not know.
    """
    from genai_prices import data_snapshot

    (bedrock,) = [provider for provider in data_snapshot.get_snapshot().providers if provider.id == "aws"]
    models = [
        {"id": model.id, "match": _clauses(model.match), "price": _price(model.get_prices(AS_OF))}
        for model in bedrock.models
    ]
    return {"as_of": f"{AS_OF:%Y-%m-%d} genai-prices", "models": models}


def bedrock_prices(models: Iterable[str]) -> dict[str, dict[str, str]]:
    """Model id -> token kind -> USD per million tokens as a decimal string; a model without a price is left out.

    A write to the prompt cache is one for 5 minutes, the default of a deployment. The construct reads the same prices
    from its table; it cannot be imported here, because that loads the CDK.
    """
    from genai_prices import data_snapshot

    snapshot = data_snapshot.get_snapshot()
    prices = {}
    for model in models:
        with suppress(LookupError):
            _, info = snapshot.find_provider_model(model, None, "aws", None)
            found = _price(info.get_prices(AS_OF))
            found.pop("cache_write_1h", None)
            if {"input", "output"} <= found.keys():
                prices[model] = found
    return prices


def _clauses(match: Any) -> list[list[str]]:
    if (parts := getattr(match, "or_", None)) is not None:
        return [clause for part in parts for clause in _clauses(part)]
    for name in _CLAUSES:
        if (text := getattr(match, name, None)) is not None:
            return [[name, text.lower()]]
    raise ValueError(f"a match must be one of {', '.join(_CLAUSES)}, got {match!r}")


def _price(price: Any) -> dict[str, str]:
    amounts = {kind: getattr(price, column, None) for kind, column in COLUMNS.items()}
    return {kind: _decimal(amount) for kind, amount in amounts.items() if amount is not None}


def _decimal(amount: Any) -> str:
    # Some models cost more beyond a long context; the base tier is the one that the pipeline's limits stay within.
    return format(amount if isinstance(amount, Decimal) else amount.base, "f")


def text() -> str:
    """The file's text: one line a model, so that a change of a price is one line of a diff."""
    found = table()
    lines = ",\n".join(json.dumps(model) for model in found["models"])
    return f'{{"as_of": {json.dumps(found["as_of"])}, "models": [\n{lines}\n]}}\n'


if __name__ == "__main__":
    TABLE.write_text(text(), encoding="utf-8")
