"""A JSON value as one small text, and back."""

from typing import Any

import pytest

from durable_strands.folding import fold, folded, opened, unfolded

VALUES: list[Any] = [{"calls": [{"name": f"model-{n}", "tokens": 100} for n in range(2_000)]}, [], "grün \ud800", None]


@pytest.mark.parametrize("value", VALUES, ids=["document", "empty", "half a pair", "null"])
def test_a_value_comes_back_as_it_was(value: Any):
    assert unfolded(folded(value)) == value


def test_a_list_of_calls_takes_a_small_part():
    assert len(folded(VALUES[0])) < 10_000


def test_only_a_folded_document_is_opened():
    document = {"folded": "is a word", "status": "completed"}
    assert opened(document) == document == opened(fold(document))
    assert opened(None) is None
