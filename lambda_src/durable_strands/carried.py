"""Takes what an execution has finished into another one, which goes on from it as if it had done it itself.

The SDK numbers operations by their place, not by their execution, so a finished one is found again at the same place
of any execution that runs the same code for the same input.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterable, Mapping
from typing import Any

from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.lambda_service import Operation
from aws_durable_execution_sdk_python.state import ReplayStatus

from durable_strands.folding import folded, unfolded


def to_text(operations: Iterable[Operation]) -> str:
    """Operations as one small text."""
    return folded([_wire(each) for each in operations])


def from_text(text: str) -> list[Operation]:
    """The operations again.

    Raises:
        ValueError: the text is none that `to_text` gives.
    """
    try:
        return [Operation.from_json_dict(each) for each in unfolded(text)]
    except (lzma.LZMAError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError("carried operations must be what an execution that hands over wrote") from error


def resumed(context: DurableContext, operations: list[Operation]) -> DurableContext:
    """A root context in the place of `context`, in which `operations` have happened already."""
    own = context.state.operations
    missing = [each for each in operations if each.operation_id not in own]
    context.state.fetch_paginated_operations(missing, "", None)
    lambda_context: Any = context.lambda_context
    again: DurableContext = DurableContext.from_lambda_context(context.state, lambda_context, ReplayStatus.REPLAY)
    return again


def _wire(operation: Operation) -> Mapping[str, Any]:
    """As the engine tells of it; the SDK's own form leaves out a result that is the empty text."""
    document = operation.to_json_dict()
    for field, details in (
        ("StepDetails", operation.step_details),
        ("CallbackDetails", operation.callback_details),
        ("ChainedInvokeDetails", operation.chained_invoke_details),
    ):
        if details is not None and details.result == "":
            document[field]["Result"] = ""
    return document
