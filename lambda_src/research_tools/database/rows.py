"""Rows of a query as one text."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rows:
    """One JSON text a row, at least one more than may be shown where there are more."""

    lines: list[str]

    def text(self, max_rows: int, max_bytes: int) -> str:
        """As many rows as both caps allow, and a word about what is missing."""
        shown: list[str] = []
        left = max_bytes
        for line in self.lines[:max_rows]:
            left -= len(line.encode()) + 1
            if left < 0:
                break
            shown.append(line)
        if len(shown) == len(self.lines):
            return "\n".join(shown) or "(no rows)"
        return "\n".join(
            [*shown, f"(more rows than {max_rows}, or than {max_bytes} bytes: only {len(shown)} are shown)"]
        )
