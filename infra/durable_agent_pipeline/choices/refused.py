"""Keywords that the construct does not take: retired ones, and ones that nobody knows."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches


def refuse_retired(choices: Mapping[str, object]) -> None:
    """Refuse keywords that the construct does not take, or no longer, with what to do instead.

    Raises:
        ValueError: when a function name is asked for, or `durability` is left over from an older version.
    """
    if "durability" in choices:
        raise ValueError(
            "durability must be left out, because every model and tool call is its own checkpoint now; delete the "
            f"keyword, got {choices['durability']!r}"
        )
    if name := choices.get("function_name"):
        raise ValueError(
            "function_name must be left to CloudFormation, because a change that replaces a function with a fixed name "
            f"cannot be deployed, got {name!r}"
        )


def refuse_unknown(choices: Mapping[str, object], known: Collection[str]) -> None:
    """Refuse a keyword that is no choice, with the choice that was probably meant.

    Raises:
        TypeError: as for any keyword that a function does not take.
    """
    for name in choices:
        if name not in known:
            meant = get_close_matches(name, known, n=1)
            hint = f", did you mean {meant[0]}?" if meant else ""
            raise TypeError(f"every keyword must be one of docs/construct.md, got {name!r}{hint}")
