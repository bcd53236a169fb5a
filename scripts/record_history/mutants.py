"""Changes of the code under the recorded histories, as mutants.toml lists them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("mutants.toml")


@dataclass(frozen=True)
class Edit:
    """A text of a file below lambda_src, and what takes its place."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """One change.

    name: what it does.
    breaks: whether an execution that began before it would go wrong after it.
    edits: where.
    """

    name: str
    breaks: bool
    edits: tuple[Edit, ...]

    def make(self, source: Path) -> None:
        """Make the change in a copy of lambda_src.

        Raises:
            LookupError: its text is not there once, so nobody knows what would be changed.
        """
        for edit in self.edits:
            file = source / edit.file
            text = file.read_text(encoding="utf-8")
            if (times := text.count(edit.old)) != 1:
                raise LookupError(f"{self.name}: {edit.file} must hold its text once, got {times} times")
            file.write_text(text.replace(edit.old, edit.new), encoding="utf-8")


@cache
def mutants() -> tuple[Mutant, ...]:
    """All of them."""
    listed = tomllib.loads(_FILE.read_text(encoding="utf-8"))["mutant"]
    return tuple(Mutant(one["name"], one["breaks"], tuple(Edit(**each) for each in one["edits"])) for one in listed)


def sample(most: int | None) -> tuple[Mutant, ...]:
    """`most` of them at even distances, of both kinds; all for None or where there are no more."""
    known = mutants()
    if most is None or most >= len(known):
        return known
    return tuple(known[(2 * number + 1) * len(known) // (2 * most)] for number in range(most))
