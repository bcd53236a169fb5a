"""The pages that a reader meets, with their code blocks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One code block.

    Attributes:
        page: path from the root.
        line: of its opening fence, from 1.
        kind: the first word after the fence; empty if there is none.
        text: what stands between the fences, dedented.
    """

    page: str
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        """What a failing test is called after."""
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """README and its like at the root, everything in docs/, and the README of each package."""
    patterns = ("*.md", "docs/**/*.md", "lambda_src/*/README.md", "scripts/**/README.md", "infra/**/README.md")
    return sorted(page for pattern in patterns for page in ROOT.glob(pattern))


def blocks(*kinds: str) -> list[Block]:
    """The code blocks of these kinds, page by page; of every kind if none is named."""
    return [block for page in pages() for block in _blocks(page) if not kinds or block.kind in kinds]


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        indent, kind, body = found[1], found[2].strip(), found[3]
        lines = "\n".join(line.removeprefix(indent) for line in body.splitlines())
        yield Block(str(page.relative_to(ROOT)), text.count("\n", 0, found.start()) + 1, kind, lines + "\n")
