"""The choices as keyword arguments, put together from their groups."""

from .agent_choices import AgentKeywords
from .described import with_choices
from .execution_choices import ExecutionKeywords
from .operation_choices import OperationKeywords
from .own_choices import OwnKeywords
from .props import PipelineProps
from .protection_choices import ProtectionKeywords
from .reading_choices import ReadingKeywords


class PipelineKeywords(
    ExecutionKeywords, AgentKeywords, ReadingKeywords, OperationKeywords, ProtectionKeywords, OwnKeywords, total=False
):
    """Every choice of one DurableAgentPipeline; all are optional."""


PipelineKeywords.__doc__ = with_choices(PipelineKeywords.__doc__, PipelineProps)
