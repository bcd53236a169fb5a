"""The prices that a deployment of the packaged agents would carry, and where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version

from scripts.console.list_prices import bedrock_prices


class UnknownPrice(LookupError):
    """A model has no price in the table."""


def price_table(models: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    """Model id -> token kind -> USD per million tokens.

    Raises:
        UnknownPrice: naming the model.
    """
    wanted = sorted(set(models))
    table = bedrock_prices(wanted)
    if unknown := [model for model in wanted if model not in table]:
        raise UnknownPrice(f"every model must have a price in {source()}, got none for {unknown[0]}")
    return table


def source() -> str:
    """Name and version of the price table."""
    return f"genai-prices {version('genai-prices')}"
