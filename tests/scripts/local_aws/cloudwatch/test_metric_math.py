"""Metric math: the functions that this repository's alarms and graphs use, and no others."""

import pytest

from scripts.local_aws.cloudwatch.metric_math import value_of

VALUES = {"a": 6.0, "b": 4.0, "none": None, "zero": 0.0}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a + b", 10),
        ("a - b * 2", -2),
        ("100 * b / (a + b)", 40),
        ("a / zero", None),
        ("a + none", None),
        ("FILL(none, 0) + a", 6),
        ("FILL(a, 0)", 6),
        ("IF(a > b, 1, 0)", 1),
        ("IF((FILL(none, 0) >= 3) AND (a == 6), 1, 0)", 0),
        ("IF(a < b OR a >= 6, 1, 0)", 1),
        ("IF(none > 1, 1, 0)", None),
        ("MAX(a, b)", 6),
        ("-b", -4),
    ],
)
def test_an_expression_is_computed_and_what_is_missing_stays_so(expression: str, value: float | None):
    assert value_of(expression, VALUES) == value


@pytest.mark.parametrize("expression", ["RATE(a)", "unknown", "a ** b", "FILL(a)", "'text'", "a < b < a"])
def test_fails_when_it_has_what_is_not_emulated(expression: str):
    with pytest.raises(ValueError, match="metric math must use"):
        value_of(expression, VALUES)
