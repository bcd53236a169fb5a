"""Choices of what agents may read: packaged tools, each opt-in, with its permissions and its limits."""

from dataclasses import dataclass
from typing import TypedDict

from ..research_tools.documents import Documents
from ..research_tools.tool_choice import ToolChoice


@dataclass(frozen=True, kw_only=True)
class ReadingChoices:
    """Packaged tools that agents read by; see docs/tools.md."""

    documents: Documents | None = None
    """Documents that agents search and read, from a folder that ships with the function or a bucket.
    Default: none."""

    @property
    def tools(self) -> tuple[ToolChoice, ...]:
        """The tools that are switched on by a keyword."""
        given = (getattr(self, name) for name in ReadingChoices.__dataclass_fields__)
        return tuple(choice for choice in given if choice is not None)


# From here on written by scripts/construct_page.py --write: the class above, for type checkers and editors.
class ReadingKeywords(TypedDict, total=False):
    """Packaged tools that agents read by; see docs/tools.md."""

    documents: Documents | None
    """Documents that agents search and read, from a folder that ships with the function or a bucket. Default: none."""
