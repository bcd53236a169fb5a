"""How callers name a Lambda function: name, partial ARN or ARN, with or without a qualifier. Pure."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

ACCOUNT = "123456789012"
REGION = "us-east-1"
PUBLISHED_VERSION = "1"  # the endpoint serves one published version; every alias points at it
LATEST = "$LATEST"

_IDENTIFIER = re.compile(
    r"(?:arn:aws[a-z-]*:lambda:)?(?:[a-z]{2}(?:-[a-z]+)+-\d:)?(?:\d{12}:)?(?:function:)?"
    r"(?P<name>[A-Za-z0-9_.-]+)(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]+))?"
)


@dataclass(frozen=True)
class FunctionName:
    """A function as named by a caller; `qualifier` is None when the caller gave none."""

    name: str
    qualifier: str | None

    @property
    def version(self) -> str:
        """The version that runs: the number given, the published one for an alias, else $LATEST."""
        if self.qualifier is None or self.qualifier == LATEST:
            return LATEST
        return self.qualifier if self.qualifier.isdigit() else PUBLISHED_VERSION

    def arn(self, region: str) -> str:
        """The ARN with the qualifier that the caller used."""
        suffix = f":{self.qualifier}" if self.qualifier else ""
        return f"arn:aws:lambda:{region}:{ACCOUNT}:function:{self.name}{suffix}"


def parse(identifier: str, qualifier: str | None) -> FunctionName:
    """Read the path's function identifier and the query's Qualifier.

    Raises:
        ValueError: not a function name or ARN, or two different qualifiers.
    """
    found = _IDENTIFIER.fullmatch(identifier)
    if found is None:
        raise ValueError(f"function name must be a name or an ARN, got {identifier!r}")
    inline = found["qualifier"]
    if inline and qualifier and inline != qualifier:
        raise ValueError(
            f"the qualifier in the name and in the query must be the same, got {inline!r} and {qualifier!r}"
        )
    return FunctionName(found["name"], qualifier or inline)


def new_execution_name() -> str:
    """A name for an execution whose caller gave none, as Lambda generates one."""
    return str(uuid.uuid4())
