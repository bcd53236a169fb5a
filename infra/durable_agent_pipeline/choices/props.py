"""What a caller may choose, as one frozen value put together from its groups."""

from dataclasses import dataclass

from .agent_choices import AgentChoices
from .described import with_choices
from .execution_choices import ExecutionChoices
from .kinds import check_kinds
from .operation_choices import OperationChoices
from .own_choices import OwnChoices
from .protection_choices import ProtectionChoices
from .reading_choices import ReadingChoices


@dataclass(frozen=True, kw_only=True)
class PipelineProps(ExecutionChoices, AgentChoices, ReadingChoices, OperationChoices, ProtectionChoices, OwnChoices):
    """Choices of one DurableAgentPipeline; each is also a keyword argument of the construct.

    Raises:
        ValueError: when a choice breaks a rule; the message says the rule and the value got.
    """

    def __post_init__(self) -> None:
        check_kinds(self)
        self.check_execution()
        self.check_agents()
        self.check_operation()
        self.check_protection()
        self.check_own(large_results=self.large_results)


PipelineProps.__doc__ = with_choices(PipelineProps.__doc__, PipelineProps)
