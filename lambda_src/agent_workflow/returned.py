"""Returns a result as it is, or, where Lambda would refuse it, puts it into the bucket and says where it lies."""

import json
from collections.abc import Callable
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, SerDesError, StepContext, StepError
from aws_durable_execution_sdk_python.config import StepConfig

from agent_workflow.large_results import RESULT_LIMIT_BYTES, Bucket, folder_of, too_large
from agent_workflow.result import Document
from agent_workflow.store_faults import StoreFault
from durable_strands import retry_transient
from durable_strands.errors import ResultNotKept, ResultTooLarge, rebuild
from durable_strands.serdes import compact


def returned(
    context: DurableContext,
    bucket: Bucket | None,
    document: Document,
    elsewhere: Callable[[Document], Document],
    *,
    most_bytes: int = RESULT_LIMIT_BYTES,
) -> Document:
    """What the handler returns for the result `document`.

    Args:
        context: the durable context.
        bucket: of large results. Default: a result that is too large is refused.
        document: the whole result.
        elsewhere: the result that says where the whole one lies, from its bucket, key, sha256 and size_bytes.
        most_bytes: largest response. Default: that of Lambda.

    Raises:
        ResultTooLarge: it is, and there is no bucket.
        ResultNotKept: the bucket did not take it; its data is the usage of `elsewhere`.
    """
    if not too_large(document, most_bytes):
        return document
    if bucket is None:
        raise ResultTooLarge(
            f"a result above {most_bytes / 1_000_000:g} MB needs large_results, which this deployment left out"
        )
    folder = folder_of(context.execution_context.durable_execution_arn)

    def store(_: StepContext) -> dict[str, Any]:
        try:
            return vars(bucket.put(compact(json.dumps(document, ensure_ascii=False)), folder))
        except StoreFault as fault:
            failure = ResultNotKept(str(fault))
            failure.retryable = fault.passes
            raise failure from fault

    try:
        # Six tries over about a minute, suspended in between; nothing is bought again by them.
        stored = context.step(store, name="store-result", config=StepConfig(retry_transient(max_attempts=6)))
    except StepError as error:
        failure = rebuild(error)
        failure.data = json.dumps({"agent": None, "usage": elsewhere({})["usage"]})
        raise failure from error
    except SerDesError as error:
        raise ResultNotKept(str(error)) from error
    return elsewhere(stored)
