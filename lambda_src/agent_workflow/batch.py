"""Runs a batch: each query an execution of its own, one result that says how each of them ended."""

import json
from typing import Any

from aws_durable_execution_sdk_python import BatchResult, DurableContext
from aws_durable_execution_sdk_python.config import CompletionConfig, MapConfig, NestingType
from aws_durable_execution_sdk_python.exceptions import BackgroundThreadError, InvokeError

from agent_workflow import batch_usage
from agent_workflow.batch_request import QUERIES, Batch, Query
from agent_workflow.deployment import Deployment
from agent_workflow.endings import ended, error_data
from agent_workflow.errors import REFUSALS
from agent_workflow.estimates import estimate
from agent_workflow.flow_errors import BatchFailed
from agent_workflow.large_results import bucket_of
from agent_workflow.ledger import Ledger
from agent_workflow.names import ALIAS
from agent_workflow.result import Document, usage_document
from agent_workflow.returned import returned
from agent_workflow.telemetry import execution_logger, execution_name

FAILED = "failed"


class BatchRun:
    """One pass of the execution that a batch is."""

    def __init__(self, context: DurableContext, batch: Batch, deployment: Deployment) -> None:
        self._context = context
        self._queries = batch.queries
        self._deployment = deployment
        self._settings = deployment.settings
        arn = context.execution_context.durable_execution_arn
        self._name = execution_name(arn)
        self._items: list[Document] = []
        context.set_logger(execution_logger(self._settings, arn))

    def run(self) -> Document:
        """Start the queries, so many at a time, and give the result once all have ended.

        Raises:
            BatchFailed: not one of them has a result.
            ResultTooLarge: the result is, and there is no bucket. The data of either is the usage, and how each query
                ended, as JSON.
        """
        try:
            return self._run()
        except (Exception, BackgroundThreadError) as error:  # noqa: BLE001 - raised again with the usage
            told = [{name: item.get(name) for name in ("operation", "status", "error_type")} for item in self._items]
            data = error_data(None, self._usage(), {QUERIES: told})
            raise ended(error, data) from None

    def _run(self) -> Document:
        config: MapConfig[Any] = MapConfig(
            max_concurrency=self._settings.max_parallel_branches,
            completion_config=CompletionConfig.all_completed(),
            nesting_type=NestingType.FLAT,
        )
        batch: BatchResult[Document] = self._context.map(self._queries, self._one, name=QUERIES, config=config)
        batch.throw_if_error()
        self._items = list(batch.get_results())
        failed = [item for item in self._items if item["status"] == FAILED]
        self._context.logger.info("queries=<%d>, failed=<%d> | batch ended", len(self._items), len(failed))
        if len(failed) == len(self._items):
            raise BatchFailed(f"all {len(failed)} {QUERIES} failed, the first with {failed[0]['error_type']}")
        status = "partial" if failed else "completed"
        usage = self._usage()
        bucket = bucket_of(self._settings.large_results_bucket, self._settings.large_results_kms_key_arn)
        document = {"status": status, QUERIES: self._items, "usage": usage}
        return returned(
            self._context, bucket, document, lambda stored: {"status": status, "stored": stored, "usage": usage}
        )

    def _one(self, context: DurableContext, query: Query, _index: int, _all: Any) -> Document:
        function: Any = context.lambda_context
        try:
            result: Document = context.invoke(
                f"{function.function_name}:{ALIAS}", query.payload(self._name), name=query.operation
            )
        except InvokeError as error:
            return {
                "query": query.request.query,
                "operation": query.operation,
                "status": FAILED,
                "error_type": error.error_type,
                "error_message": error.message,
                "usage": _spent(error),
            }
        texts = {agent.name for agent in self._deployment.agents} | {"usage"}
        kept = {name: value for name, value in result.items() if name not in texts}
        return {**kept, "operation": query.operation, "usage": batch_usage.brief(result["usage"])}

    def _usage(self) -> Document:
        """What all of them cost, and this execution, whose only operations are the map and one for each of them."""
        usages = [item["usage"] for item in self._items] or [None] * len(self._queries)
        known = [usage for usage in usages if usage is not None]
        estimates = estimate((), waits=1 + len(self._queries), memory_mb=self._settings.memory_mb)
        own = usage_document((), Ledger({}), estimates, calls=False)
        usage = batch_usage.added([*known, own])
        missing = len(usages) - len(known)
        return {**(batch_usage.unknown(usage) if missing else usage), "unknown_queries": missing}


def _spent(error: InvokeError) -> Document | None:
    """What a failed execution had spent, as its error tells; None where it does not."""
    if error.error_type in REFUSALS:
        return {}  # nothing was called
    try:
        usage = json.loads(error.data or "null")["usage"]
    except (ValueError, TypeError, KeyError):
        return None
    return batch_usage.brief(usage) if isinstance(usage, dict) else None
