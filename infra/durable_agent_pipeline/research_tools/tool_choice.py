"""What every keyword of a packaged tool gives: one class a box, put to use in one place."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam


@dataclass(frozen=True, kw_only=True)
class ToolChoice(ABC):
    """A box of packaged tools, switched on. A class below says what is its own: `box`, `settings`, permissions.

    Raises:
        ValueError: when a choice breaks a rule; the message says the rule and the value got.
    """

    agents: Sequence[str] = ("research",)
    """Names of the agents that have the tools, besides those that declare them. Default: research."""

    @property
    @abstractmethod
    def box(self) -> str:
        """Name of its row in the Lambda's toolboxes.py."""

    @abstractmethod
    def settings(self, stack: Stack) -> dict[str, Any]:
        """Fields of `[tools.BOX]` that this choice sets, tokens allowed."""

    def statements(self, stack: Stack) -> list[iam.PolicyStatement]:
        """What the function's role needs for it, and nothing more. Default: nothing."""
        del stack
        return []

    def accept(self, role: iam.IRole) -> None:
        """Acknowledge what cdk-nag finds in its statements, each with a sentence, on the role. Default: nothing."""
        del role

    def files(self) -> Iterator[tuple[Path, str]]:
        """(file, path inside the package) of what ships for it besides its code. Default: nothing."""
        return iter(())
