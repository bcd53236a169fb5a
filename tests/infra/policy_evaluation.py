"""Whether policies allow a call, by IAM's rules as far as this app's statements use them."""

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]


def allowed(
    statements: Iterable[Statement], *, principal: str | None, action: str, resource: str, context: Mapping[str, str]
) -> bool:
    """One Allow that matches, and no Deny.

    Args:
        statements: of one or more policies.
        principal: a service's name or an ARN; None for identity policies, which name none.
        action: such as "sns:Publish".
        resource: its ARN.
        context: the condition keys that the calling service really sends.
    """
    matching = [s for s in statements if _matches(s, principal, action, resource, context)]
    effects = {statement["Effect"] for statement in matching}
    return effects == {"Allow"}


def _matches(
    statement: Statement, principal: str | None, action: str, resource: str, context: Mapping[str, str]
) -> bool:
    return (
        (principal is None or _names(statement["Principal"], principal))
        and any(fnmatchcase(action.lower(), pattern.lower()) for pattern in listed(statement["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in listed(statement["Resource"]))
        and all(_holds(operator, tests, context) for operator, tests in statement.get("Condition", {}).items())
    )


def _names(principals: Any, principal: str) -> bool:
    if principals == "*":
        return True
    every = [name for names in principals.values() for name in listed(names)]
    return principal in every or "*" in every


def _bool(got: str, wanted: str) -> bool:
    return got == wanted.lower()


def _holds(operator: str, tests: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    rules: dict[str, Callable[[str, str], bool]] = {
        "StringEquals": str.__eq__,
        "ArnEquals": fnmatchcase,
        "ArnLike": fnmatchcase,
        "StringLike": fnmatchcase,
        "Bool": _bool,
    }
    compare = rules[operator]
    return all(
        key in context and any(compare(context[key], str(wanted)) for wanted in listed(values))
        for key, values in tests.items()
    )


def listed(value: Any) -> list[Any]:
    """A policy's one-or-many as a list."""
    return value if isinstance(value, list) else [value]
