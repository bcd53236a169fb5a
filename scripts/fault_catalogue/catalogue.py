"""All entries, in order."""

from __future__ import annotations

from scripts.fault_catalogue import bucket_faults, engine_faults, model_faults, tool_faults
from scripts.fault_catalogue.entry import Entry

ENTRIES: tuple[Entry, ...] = (
    *model_faults.entries(),
    *engine_faults.entries(),
    *bucket_faults.entries(),
    *tool_faults.entries(),
)
"""Faults of the model's endpoint, of the engine, of the bucket, of a tool."""


def sample(most: int | None) -> tuple[int, ...]:
    """Places of `most` entries at even distances. Default: of all."""
    if most is None or most >= len(ENTRIES):
        return tuple(range(len(ENTRIES)))
    return tuple(place * len(ENTRIES) // most for place in range(most))
