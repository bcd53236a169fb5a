"""Many random examples of one kind of input, by hypothesis, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

MARK = "PRIVATE-7f3a"
"""Stands in every text that is thrown; a message that holds it has repeated a caller's text."""


class Broken(AssertionError):
    """An example ended without a type, or its text stood in a message."""


def sweep(examples: SearchStrategy[Any], end: Callable[[Any], tuple[str, str]], count: int, seed: int) -> Counter[str]:
    """Try `count` examples.

    Args:
        examples: how to make one.
        end: what became of an example: a typed end in a word, and the message that came with it.
        count: how many to try.
        seed: the same seed gives the same examples.

    Returns:
        How often each end was seen.

    Raises:
        Broken: an example broke the rule; hypothesis has made it as small as it can.
    """
    ends: Counter[str] = Counter()

    @hypothesis.seed(seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(examples)
    def one(example: Any) -> None:
        kind, message = end(example)
        if MARK in message:
            raise Broken(f"a message of {kind} repeats the caller's text")
        ends[kind] += 1

    one()
    return ends
