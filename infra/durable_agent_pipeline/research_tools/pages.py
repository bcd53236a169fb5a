"""Web pages that agents read, as the construct's keyword `pages`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack

from .tool_choice import ToolChoice


@dataclass(frozen=True, kw_only=True)
class Pages(ToolChoice):
    """Web pages for `fetch_page`: https, public addresses, named domains only; docs/tools.md. Needs no permission."""

    domains: Sequence[str]
    """Domains that may be read, each with all below it; 1 to 100."""

    max_bytes: int = 2_000_000
    """Largest page, decompressed. Default: 2,000,000."""

    seconds: int = 20
    """Longest time for one page. Default: 20."""

    @property
    def box(self) -> str:
        """Name of its row in the Lambda's toolboxes.py."""
        return "pages"

    def settings(self, stack: Stack) -> dict[str, Any]:
        """What may be read."""
        del stack
        return {"domains": list(self.domains), "max_bytes": self.max_bytes, "seconds": self.seconds}
