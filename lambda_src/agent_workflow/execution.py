"""One pass of one execution: what its event asks for, run by what can."""

from typing import Any

from aws_durable_execution_sdk_python import DurableContext

from agent_workflow.batch import BatchRun
from agent_workflow.batch_request import Batch, OneOfBatch, parse_event
from agent_workflow.deployment import Deployment
from agent_workflow.large_results import CHAINED_LIMIT_BYTES
from agent_workflow.result import Document
from agent_workflow.workflow import Workflow


def execute(context: DurableContext, event: Any, deployment: Deployment) -> Document:
    """The result of the event's request, or of its batch.

    Raises:
        InvalidRequest: the event breaks a rule.
        AgentFailed: an agent, the flow or every query of a batch failed.
    """
    asked = parse_event(event)
    if isinstance(asked, Batch):
        return BatchRun(context, asked, deployment).run()
    if isinstance(asked, OneOfBatch):
        return Workflow(context, asked.request, deployment, most_bytes=CHAINED_LIMIT_BYTES).run()
    return Workflow(context, asked, deployment).run()
