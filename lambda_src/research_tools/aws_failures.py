"""What a failed call of AWS is called, in words that may be told to a model."""

from typing import Any


def failure_of(error: Any) -> str:
    """The service's code, else the kind of the failure; never its message, which may quote texts and ARNs."""
    response = getattr(error, "response", None)
    return str(response["Error"]["Code"]) if response else type(error).__name__
