"""What a token costs under one model's price: Decimal, never float, and None where a needed price is unknown."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from durable_strands.records import Usage


class ModelPrice(BaseModel):
    """USD per million tokens, by kind.

    Attributes:
        input: tokens read and not cached; Bedrock's inputTokens already excludes cache tokens.
        output: tokens written.
        cache_read: tokens read from the prompt cache. Default: unknown, so a call that has any costs None.
        cache_write: tokens written to the prompt cache, to be kept as long as the deployment chose. Default: unknown,
            as above.
        foundation: the model behind an application inference profile, which tells what it can do. Default: the id that
            has the price tells it.
        as_of: the table or date this price is from. Default: unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Decimal = Field(ge=0, allow_inf_nan=False)
    output: Decimal = Field(ge=0, allow_inf_nan=False)
    cache_read: Decimal | None = Field(default=None, ge=0, allow_inf_nan=False)
    cache_write: Decimal | None = Field(default=None, ge=0, allow_inf_nan=False)
    foundation: str | None = None
    as_of: str | None = None

    def cost(self, usage: Usage) -> Decimal | None:
        """USD of `usage`, exact; None if it holds tokens of a kind without a price."""
        parts = (
            (usage.input_tokens, self.input),
            (usage.output_tokens, self.output),
            (usage.cache_read_tokens, self.cache_read),
            (usage.cache_write_tokens, self.cache_write),
        )
        per_million = Decimal(0)
        for tokens, price in parts:
            if tokens and price is None:
                return None
            per_million += tokens * (price or 0)
        return per_million.scaleb(-6)

    def saved_by_caching(self, usage: Usage) -> Decimal | None:
        """USD that `usage` would have cost more without a cache; below 0 if writing cost more than reading saved."""
        cost, uncached = self.cost(usage), self.cost(usage.uncached())
        return None if cost is None or uncached is None else uncached - cost
