"""The typed failures of a flow itself; those of its agents are in durable_strands.errors."""

from durable_strands.errors import AgentFailed


class FlowFailed(AgentFailed):
    """The flow.py of the agents folder cannot be imported, asks for what does not exist, raises, or returns nothing."""


class StepFailed(AgentFailed):
    """The function of a `flow.step` raised, or returned what no checkpoint can hold."""


class TopicsNotPlanned(AgentFailed):
    """With `"topics": "auto"` the research agent named no two topics, not even when asked again."""


class ReviewNotRequested(AgentFailed):
    """Nobody could be told of a review, or its answers broke the rules without end; nothing was approved."""

    retryable = True


class ExecutionTooLong(AgentFailed):
    """It was handed over as often as the deployment allows, or there was no room to finish anything."""


class BatchFailed(AgentFailed):
    """Not one query of a batch has a result; each one's own failure is in the error's data."""
