"""What a million tokens of each model costs, resolved once at synth."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version

from genai_prices import data_snapshot
from genai_prices.types import ModelPrice, TieredPrices

from .models import Model, ModelKind
from .rules import positive_usd

# Prices that change on a date are read as of this one: synth looks at no clock. Move it with the genai-prices pin.
PRICED_AS_OF = datetime(2026, 11, 22, tzinfo=UTC)

KINDS = ("input", "output", "cache_read", "cache_write")
"""Token kinds as Bedrock counts them: its input excludes both cache kinds. USD per million tokens."""

_COLUMNS = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")


def price_table(
    models: Sequence[Model], overrides: Mapping[str, Mapping[str, str]]
) -> tuple[dict[str, dict[str, str]], tuple[str, ...]]:
    """Price every model that can be priced.

    Args:
        models: as the Lambda will name them.
        overrides: model id -> token kind -> USD per million tokens; wins over the table, kind by kind.

    Returns:
        (model id -> token kind -> USD per million tokens as a decimal string plus "as_of", ids without a price).
        A kind that has no known price is left out, never 0.
    """
    table: dict[str, dict[str, str]] = {}
    unknown = []
    for model in models:
        found = {**_listed(model), **overrides.get(model.id, {})}
        if "input" in found and "output" in found:
            table[model.id] = {**found, "as_of": _as_of(model.id in overrides)}
        else:
            unknown.append(model.id)
    return table, tuple(unknown)


def check_prices(overrides: Mapping[str, Mapping[str, str]]) -> None:
    """Refuse a price override that is not money per known token kind.

    Raises:
        ValueError: naming the model, the kind and the value got.
    """
    for model_id, prices in overrides.items():
        if missing := {"input", "output"} - prices.keys():
            raise ValueError(f"prices[{model_id!r}] must give input and output, missing {', '.join(sorted(missing))}")
        for kind, amount in prices.items():
            if kind not in KINDS:
                raise ValueError(f"prices[{model_id!r}] must use the kinds {', '.join(KINDS)}, got {kind!r}")
            positive_usd(f"prices[{model_id!r}][{kind!r}]", amount)


def _listed(model: Model) -> dict[str, str]:
    if model.kind is ModelKind.APPLICATION_PROFILE and model.source:
        return _listed(model.source)  # billed as what it was created from
    if model.kind is ModelKind.RESOURCE:
        return {}  # billed by the hour or by another contract
    try:
        _, info = data_snapshot.get_snapshot().find_provider_model(_plain_id(model), None, "aws", None)
    except LookupError:
        return {}
    return _columns(info.get_prices(PRICED_AS_OF))


def _columns(price: ModelPrice) -> dict[str, str]:
    amounts = {kind: getattr(price, column) for kind, column in zip(KINDS, _COLUMNS, strict=True)}
    return {kind: _decimal(amount) for kind, amount in amounts.items() if amount is not None}


def _decimal(amount: Decimal | TieredPrices) -> str:
    # Some models cost more beyond a long context; the base tier is the one that the pipeline's limits stay within.
    return format(amount.base if isinstance(amount, TieredPrices) else amount, "f")


def _plain_id(model: Model) -> str:
    return model.id.rpartition("/")[2]


def _as_of(overridden: bool) -> str:
    return "given" if overridden else f"{PRICED_AS_OF:%Y-%m-%d} genai-prices {version('genai-prices')}"
