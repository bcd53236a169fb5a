"""Redrives: an execution that takes what an earlier one has paid, and pays only for what comes after."""

import re
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, SerDesError, StepContext, StepError
from aws_durable_execution_sdk_python.config import StepConfig

from agent_workflow.earlier_history import EarlierExecution, earlier_execution
from agent_workflow.large_results import LargeResultsSerDes, bucket_of
from agent_workflow.redrive_choice import Redrive
from agent_workflow.request import Request
from agent_workflow.settings import Settings
from durable_strands import retry_transient
from durable_strands.errors import RedriveRefused, ResultNotKept, rebuild
from durable_strands.seed import Seed
from durable_strands.seeded import SeededContext, seeded
from durable_strands.serdes import LIMIT_BYTES, PlainJson
from durable_strands.sizes import checkpoint_bytes

OPERATION = "redrive"
_MADE_ANEW = re.compile(rf"{OPERATION}|store-result|continue-[0-9]+")
"""Operations of the frame around a flow: the plan is this execution's own, the usage in its result, its hand-over."""


def redriven(context: DurableContext, request: Request, settings: Settings) -> DurableContext:
    """The context of the execution; of a redrive, one that takes what it may.

    What is taken is decided once, in a step of its own, so every pass takes the same. The results themselves are read
    where they are taken, inside the steps that become their checkpoints.

    Raises:
        RedriveRefused: the earlier execution is gone, runs, is another pipeline's, or has no such operation.
    """
    chosen = request.redrive
    if chosen is None:
        return context
    function_arn = str(getattr(context.lambda_context, "invoked_function_arn", ""))
    bucket = bucket_of(settings.large_results_bucket, settings.large_results_kms_key_arn)

    def plan(_: StepContext) -> dict[str, str]:
        taken = _planned(earlier_execution(chosen.execution_arn), chosen, function_arn)
        if bucket is None and checkpoint_bytes(taken) > LIMIT_BYTES:
            raise RedriveRefused(f"a list of {len(taken)} operations to take needs large_results")
        return taken

    serdes: Any = LargeResultsSerDes(bucket) if bucket else PlainJson()
    try:
        taken = context.step(plan, name=OPERATION, config=StepConfig(retry_transient(max_attempts=6), serdes=serdes))
    except StepError as error:
        raise rebuild(error) from None
    except SerDesError as error:
        raise ResultNotKept(str(error), unknown=0) from None
    return seeded(context, Seed(taken, lambda: earlier_execution(chosen.execution_arn).by_path))


def refused_redrive(context: DurableContext) -> RedriveRefused | None:
    """What was refused in this pass, whoever has caught it since."""
    return context.refused if isinstance(context, SeededContext) else None


def end_redrive(context: DurableContext) -> None:
    """At the end of the flow.

    Raises:
        RedriveRefused: not all that was to be taken has been, so the flow is another one.
    """
    if isinstance(context, SeededContext):
        context.ended()


def _planned(earlier: EarlierExecution, chosen: Redrive, function_arn: str) -> dict[str, str]:
    if _function(earlier.function_arn) != _function(function_arn):
        raise RedriveRefused("the earlier execution is another function's; redrive it with its own pipeline")
    if chosen.before is not None and chosen.before not in earlier.by_path:
        raise RedriveRefused("the earlier execution has no operation of the name that `before` gives")
    taken = earlier.history.taken(chosen.before, without=_MADE_ANEW.fullmatch)
    if cut := next((path for path in taken if earlier.by_path[path].cut), None):
        raise RedriveRefused(f"the history does not tell all of the result of {cut}; redrive from there, or earlier")
    return taken


def _function(arn: str) -> str:
    """The function of a version, alias or function ARN: its Region, account and name."""
    return ":".join(arn.split(":")[3:7])
