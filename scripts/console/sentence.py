"""One line of prose on a console."""

from __future__ import annotations

import textwrap

from rich.console import Console


def say(console: Console, text: str, *, hang: int = 0, style: str | None = None) -> None:
    """Print it as it is; a terminal, which would break it anywhere, gets it broken between words.

    Args:
        console: where to.
        text: one line; neither markup nor emoji codes mean anything in it.
        hang: columns by which the second and later lines are set in. Default: 0.
        style: rich's. Default: none.
    """
    if console.is_terminal:
        text = textwrap.fill(
            text,
            console.width,
            subsequent_indent=" " * hang,
            break_long_words=False,
            break_on_hyphens=False,
            replace_whitespace=False,
            drop_whitespace=True,
        )
    console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True, style=style)
