"""The choices as keyword arguments, put together from their groups."""

from .agent_choices import AgentKeywords
from .execution_choices import ExecutionKeywords
from .operation_choices import OperationKeywords
from .own_choices import OwnKeywords
from .protection_choices import ProtectionKeywords


class PipelineKeywords(
    ExecutionKeywords, AgentKeywords, OperationKeywords, ProtectionKeywords, OwnKeywords, total=False
):
    """Every choice of one DurableAgentPipeline; all are optional."""
