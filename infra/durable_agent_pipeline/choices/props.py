"""What a caller may choose, as one frozen value; documented in the five rooms it is put together from."""

from dataclasses import dataclass

from .agent_choices import AgentChoices
from .execution_choices import ExecutionChoices
from .operation_choices import OperationChoices
from .own_choices import OwnChoices
from .protection_choices import ProtectionChoices


@dataclass(frozen=True, kw_only=True)
class PipelineProps(ExecutionChoices, AgentChoices, OperationChoices, ProtectionChoices, OwnChoices):
    """Choices of one DurableAgentPipeline; each is also a keyword argument of the construct.

    Raises:
        ValueError: when a choice breaks a rule; the message says the rule and the value got.
    """

    def __post_init__(self) -> None:
        self.check_execution()
        self.check_agents()
        self.check_operation()
        self.check_protection()
        self.check_own(large_results=self.large_results)
