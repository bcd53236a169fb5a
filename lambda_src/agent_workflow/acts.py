"""Runs a function of a flow's author as one durable step."""

from collections.abc import Callable
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, SerDesError, StepContext, StepError
from aws_durable_execution_sdk_python.config import StepConfig, StepSemantics

from agent_workflow.flow_errors import FlowFailed, StepFailed
from agent_workflow.settings import Settings
from agent_workflow.telemetry import emit
from durable_strands import never_retry, retry_interrupted
from durable_strands.errors import ResultNotKept, rebuild
from durable_strands.records import Usage
from durable_strands.serdes import PlainJson
from durable_strands.sizes import LIMIT_BYTES, checkpoint_bytes, refuse_oversize


def act_once(
    context: DurableContext,
    name: str,
    act: Callable[[], Any],
    settings: Settings,
    *,
    serdes: Any = None,
    at_most_once: bool = False,
) -> Any:
    """The value of `act()`, the same on every replay.

    Args:
        context: the durable context.
        name: of the operation.
        act: gives a JSON value.
        settings: of the metric that counts a failure.
        serdes: how the value is written. Default: as JSON of at most 255 KB.
        at_most_once: never run it again. Default: a run that was cut short is tried again, 3 times in all.

    Raises:
        StepFailed: `act` raised, or its value is not JSON.
        ResultTooLarge: its value does not fit into a checkpoint.
        ResultNotKept: its value could not be written to the bucket.
        CallInterrupted: its process died, and no try is left.
    """

    def body(_: StepContext) -> Any:
        try:
            return _value(name, act, limited=serdes is None)
        except (StepFailed, FlowFailed) as failure:
            emit(settings, {"Failures": 1}, ErrorType=failure.error_type or "StepFailed")
            raise

    config = StepConfig(
        retry_strategy=never_retry if at_most_once else retry_interrupted(),
        step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY,
        serdes=serdes or PlainJson(),
    )
    try:
        return context.step(body, name=name, config=config)
    except StepError as error:
        raise rebuild(error) from None
    except SerDesError as error:
        raise ResultNotKept(str(error), unknown=0) from None


def _value(name: str, act: Callable[[], Any], *, limited: bool) -> Any:
    try:
        value = act()
    except FlowFailed:
        raise
    except Exception as error:  # noqa: BLE001 - its message may quote a text, its type says what to look for
        raise StepFailed(f"step {name}: its function raised {type(error).__name__}") from None
    try:
        checkpoint_bytes(value)
    except (TypeError, ValueError, RecursionError):
        raise StepFailed(f"step {name}: its function must return JSON, got a {type(value).__name__}") from None
    if limited:
        refuse_oversize(value, LIMIT_BYTES, Usage(), 0)
    return value
