"""What a million tokens of each model costs, read from a table that ships with the construct."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ..choices.rules import positive_usd
from .models import Model, ModelKind

# Ships, rather than being asked of a library at synth: a release of that library would publish a new version of every
# function. scripts/console/list_prices.py writes it.
_TABLE = Path(__file__).parent / "list_prices.json"

KINDS = ("input", "output", "cache_read", "cache_write")
"""Token kinds as Bedrock counts them: its input excludes both cache kinds. USD per million tokens."""


_WRITE, _WRITE_FOR_AN_HOUR = "cache_write", "cache_write_1h"


def price_table(
    models: Sequence[Model],
    overrides: Mapping[str, Mapping[str, str]],
    prompt_cache: str = "5m",
    in_tiers: Sequence[str] = (),
) -> tuple[dict[str, dict[str, str]], tuple[str, ...]]:
    """Price every model that can be priced.

    Args:
        models: as the Lambda will name them.
        overrides: model id -> token kind -> USD per million tokens; wins over the table, kind by kind.
        prompt_cache: how long prompts are cached, which decides what a write costs. Default: 5 minutes.
        in_tiers: ids of models in another service tier than the default one, which no list prices. Default: none.

    Returns:
        (model id -> token kind -> USD per million tokens as a decimal string plus "as_of", and "foundation" where the
        id does not name the model behind it; ids without a price).
        A kind that has no known price is left out, never 0.
    """
    table: dict[str, dict[str, str]] = {}
    unknown = []
    for model in models:
        found = {**_kept_for(prompt_cache, _listed(model)), **overrides.get(model.id, {})}
        if "input" in found and "output" in found:
            named = {"foundation": model.source.foundation} if model.source and model.source.foundation else {}
            table[model.id] = {**found, **named, "as_of": _as_of(model.id in overrides)}
        else:
            unknown.append(model.id)
    table |= {billed: {**overrides[billed], "as_of": _as_of(True)} for billed in in_tiers if billed in overrides}
    unknown += [billed for billed in in_tiers if billed not in overrides]
    return table, tuple(unknown)


def read_prices(overrides: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Read price overrides exactly.

    Returns:
        model id -> token kind -> USD per million tokens in plain decimals.

    Raises:
        ValueError: for what is not money per known token kind, naming the model, the kind and the value got.
    """
    return {model_id: _read_price(f"prices[{model_id!r}]", prices) for model_id, prices in overrides.items()}


def _read_price(where: str, prices: Mapping[str, str]) -> dict[str, str]:
    if missing := {"input", "output"} - prices.keys():
        raise ValueError(f"{where} must give input and output, missing {', '.join(sorted(missing))}")
    if unknown := [kind for kind in prices if kind not in KINDS]:
        raise ValueError(f"{where} must use the kinds {', '.join(KINDS)}, got {unknown[0]!r}")
    return {kind: format(positive_usd(f"{where}[{kind!r}]", amount), "f") for kind, amount in prices.items()}


def _listed(model: Model) -> dict[str, str]:
    if model.kind is ModelKind.APPLICATION_PROFILE and model.source:
        return _listed(model.source)  # billed as what it was created from
    if model.kind in {ModelKind.RESOURCE, ModelKind.ENDPOINT}:
        return {}  # billed by the hour or by another contract
    listed = _find(model.id.rpartition("/")[2].lower())
    return dict(listed["price"]) if listed else {}


def _kept_for(prompt_cache: str, listed: dict[str, str]) -> dict[str, str]:
    """The prices with the one write that this deployment pays; unknown, not 0, where the list has none."""
    write = listed.get(_WRITE_FOR_AN_HOUR if prompt_cache == "1h" else _WRITE)
    others = {kind: price for kind, price in listed.items() if kind not in (_WRITE, _WRITE_FOR_AN_HOUR)}
    return {**others, **({_WRITE: write} if write else {})}


def _find(model_id: str) -> dict[str, Any] | None:
    matching = (model for model in _table()["models"] if any(_matches(model_id, *clause) for clause in model["match"]))
    return next(matching, None)


def _matches(model_id: str, clause: str, text: str) -> bool:
    match clause:
        case "contains":
            return text in model_id
        case "starts_with":
            return model_id.startswith(text)
        case "ends_with":
            return model_id.endswith(text)
        case _:
            return model_id == text


@cache
def _table() -> dict[str, Any]:
    return dict(json.loads(_TABLE.read_text(encoding="utf-8")))


def _as_of(overridden: bool) -> str:
    return "given" if overridden else str(_table()["as_of"])
