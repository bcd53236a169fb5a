"""A knowledge base that agents search, as the construct's keyword `knowledge_base`."""

import re
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack, Token
from aws_cdk import aws_iam as iam

from .tool_choice import ToolChoice


@dataclass(frozen=True, kw_only=True)
class KnowledgeBase(ToolChoice):
    """An Amazon Bedrock knowledge base for `search_knowledge_base`, of the stack's own account and Region."""

    knowledge_base_id: str
    """Its id, ten letters and digits."""

    max_results: int = 8
    """Most passages of one search, 1 to 100. Default: 8."""

    def __post_init__(self) -> None:
        known = not Token.is_unresolved(self.knowledge_base_id)
        if known and not re.fullmatch("[0-9A-Za-z]{10}", self.knowledge_base_id):
            raise ValueError(f"knowledge_base_id must be ten letters and digits, got {self.knowledge_base_id!r}")

    @property
    def box(self) -> str:
        """Name of its row in the Lambda's toolboxes.py."""
        return "knowledge_base"

    def settings(self, stack: Stack) -> dict[str, Any]:
        """Which one."""
        del stack
        return {"id": self.knowledge_base_id, "max_results": self.max_results}

    def statements(self, stack: Stack) -> list[iam.PolicyStatement]:
        """Retrieving from this one."""
        arn = stack.format_arn(service="bedrock", resource="knowledge-base", resource_name=self.knowledge_base_id)
        return [iam.PolicyStatement(actions=["bedrock:Retrieve"], resources=[arn])]
