"""Where Lambda starts: event -> Request -> flow -> result. No logic."""

from typing import Any

from aws_durable_execution_sdk_python import DurableContext

from agent_workflow.deployment import deployed
from agent_workflow.engine_client import durable
from agent_workflow.execution import execute
from agent_workflow.privacy import keep_texts_private

keep_texts_private()


@durable
def lambda_handler(event: Any, context: DurableContext) -> dict[str, Any]:
    """Run the pipeline for `event`, as docs/architecture.md and docs/errors.md describe."""
    return execute(context, event, deployed())
