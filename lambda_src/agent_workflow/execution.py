"""One pass of one execution: what its event asks for, run by what can."""

from typing import Any

from aws_durable_execution_sdk_python import DurableContext

from agent_workflow.batch import BatchRun
from agent_workflow.batch_request import Batch, OneOfBatch, parse_event
from agent_workflow.deployment import Deployment
from agent_workflow.hand_over import HandOver
from agent_workflow.handed_event import begun
from agent_workflow.large_results import CHAINED_LIMIT_BYTES, RESULT_LIMIT_BYTES
from agent_workflow.redrive import redriven
from agent_workflow.result import Document
from agent_workflow.workflow import Workflow


def execute(context: DurableContext, event: Any, deployment: Deployment) -> Document:
    """The result of the event's request, or of its batch.

    Raises:
        InvalidRequest: the event breaks a rule.
        ResultNotKept: what an execution before has handed over is lost.
        AgentFailed: an agent, the flow or every query of a batch failed, or what a redrive takes does not fit.
    """
    start = begun(event, deployment.settings)
    asked = parse_event(start.event)
    if isinstance(asked, Batch):
        return BatchRun(context, asked, deployment).run()
    request = asked.request if isinstance(asked, OneOfBatch) else asked
    hand_over = HandOver(context, deployment.settings, start)
    most_bytes = CHAINED_LIMIT_BYTES if isinstance(asked, OneOfBatch) else RESULT_LIMIT_BYTES
    taking = redriven(hand_over.context, request, deployment.settings)
    return Workflow(taking, request, deployment, most_bytes=most_bytes, hand_over=hand_over).run()
