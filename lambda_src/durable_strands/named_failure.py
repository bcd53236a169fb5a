"""Failures under a name that they had before: the engine writes the name of the class."""

from __future__ import annotations

from aws_durable_execution_sdk_python import DurableOperationError


def failing_as(name: str, module: str = "builtins", qualified: str | None = None) -> type[DurableOperationError]:
    """A class of failures that the engine writes under another one's name: callers and alarms match it.

    Args:
        name: Of the class.
        module: Of the class. Default: that of Python's own, of which the engine writes none.
        qualified: Its qualified name. Default: `name`.
    """
    return type(name, (DurableOperationError,), {"__module__": module, "__qualname__": qualified or name})
