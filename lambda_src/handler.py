"""Where Lambda starts: event -> Request -> workflow -> result. No logic."""

from typing import Any

from aws_durable_execution_sdk_python import DurableContext

from agent_workflow.deployment import deployed
from agent_workflow.engine_client import durable
from agent_workflow.privacy import keep_texts_private
from agent_workflow.request import parse_request
from agent_workflow.workflow import Workflow

keep_texts_private()


@durable
def lambda_handler(event: Any, context: DurableContext) -> dict[str, Any]:
    """Run the pipeline for `event`, as docs/architecture.md and docs/errors.md describe."""
    return Workflow(context, parse_request(event), deployed()).run()
