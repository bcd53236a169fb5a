"""How a function may be named by its callers."""

import pytest

from scripts.local_aws.functions import names

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:pipeline"


@pytest.mark.parametrize(
    ("identifier", "query", "expected"),
    [
        ("pipeline", None, ("pipeline", None, "$LATEST")),
        ("pipeline", "live", ("pipeline", "live", "1")),
        ("pipeline:live", None, ("pipeline", "live", "1")),
        ("pipeline:live", "live", ("pipeline", "live", "1")),
        ("pipeline:7", None, ("pipeline", "7", "7")),
        ("pipeline:$LATEST", None, ("pipeline", "$LATEST", "$LATEST")),
        (ARN, "live", ("pipeline", "live", "1")),
        (f"{ARN}:live", None, ("pipeline", "live", "1")),
        ("123456789012:function:pipeline", "3", ("pipeline", "3", "3")),
    ],
)
def test_a_function_is_known_by_name_partial_arn_or_arn(identifier, query, expected):
    function = names.parse(identifier, query)
    assert (function.name, function.qualifier, function.version) == expected


@pytest.mark.parametrize(
    ("identifier", "query"), [("", None), ("a b", None), ("pipeline:live", "other"), ("a/b", None)]
)
def test_fails_when_the_name_is_none_or_names_two_qualifiers(identifier, query):
    with pytest.raises(ValueError, match="must be"):
        names.parse(identifier, query)
