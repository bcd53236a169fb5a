"""The web that agents search, as the construct's keyword `web_search`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from .secrets import accept_secret, read_secret
from .tool_choice import ToolChoice

REGIONS = ("us-east-1", "eu-west-1", "ap-northeast-1")
"""Where AgentCore's web search is, as far as this construct knows; another one is taken by `region`."""


@dataclass(frozen=True, kw_only=True)
class WebSearch(ToolChoice):
    """The web for `search_web`; docs/tools.md.

    It is Amazon Bedrock AgentCore's search, under https://aws.amazon.com/service-terms/, or another search engine.
    """

    include_domains: Sequence[str] = ()
    """The only domains that results come from, each with all below it; at most 100. Default: any."""

    exclude_domains: Sequence[str] = ()
    """Domains that no result comes from; at most 100. Default: none."""

    max_results: int = 8
    """Most results of one search, 1 to 25. Default: 8."""

    region: str | None = None
    """Region of AgentCore that is asked. Default: the stack's, which then must be one that has it."""

    provider: str | None = None
    """Another search engine: a class of the agents folder as `file.py:Class`. Default: AgentCore."""

    secret: secretsmanager.ISecret | None = None
    """Secret with that provider's key; the class finds its ARN in `settings.secret_arn`. Default: none."""

    def __post_init__(self) -> None:
        if self.secret is not None and self.provider is None:
            raise ValueError("secret of web_search must come with provider, since AgentCore needs no key, got none")

    @property
    def box(self) -> str:
        """Name of its row in the Lambda's toolboxes.py."""
        return "web_search"

    def settings(self, stack: Stack) -> dict[str, Any]:
        """Which engine, and what it may find."""
        del stack
        chosen = {
            "include_domains": list(self.include_domains),
            "exclude_domains": list(self.exclude_domains),
            "region": self.region,
            "provider": self.provider,
            "secret_arn": self.secret.secret_arn if self.secret else None,
        }
        return {"max_results": self.max_results, **{name: value for name, value in chosen.items() if value}}

    def statements(self, stack: Stack) -> list[iam.PolicyStatement]:
        """Calling the one tool of AgentCore, or reading the one secret.

        Raises:
            ValueError: the stack's Region has no such tool.
        """
        if self.provider is not None:
            return read_secret(self.secret)
        region = self.region or stack.region
        if self.region is None and not Token.is_unresolved(region) and region not in REGIONS:
            raise ValueError(f"web_search must be asked in {', '.join(REGIONS)}, or where region says, got {region!r}")
        tool = f"arn:{stack.partition}:bedrock-agentcore:{region}:aws:tool/web-search.v1"
        return [iam.PolicyStatement(actions=["bedrock-agentcore:InvokeWebSearch"], resources=[tool])]

    def accept(self, role: iam.IRole) -> None:
        """What reading the secret needs besides."""
        accept_secret(role, self.secret)
