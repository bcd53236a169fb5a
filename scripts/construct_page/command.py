"""Command line of scripts/construct_page.py."""

from __future__ import annotations

import argparse

from scripts.construct_page.keywords import GROUPS, file_of, with_keywords
from scripts.construct_page.page import PAGE, page


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/construct_page.py",
        description="Prints every choice of the construct, as docs/construct.md does.",
        epilog="exit: 0 done; 2 bad usage",
    )
    parser.add_argument("--write", action="store_true", help="bring the page and the typed keywords up to date")
    if parser.parse_args(arguments).write:
        PAGE.write_text(page(), encoding="utf-8")
        for group in GROUPS:
            file_of(group).write_text(with_keywords(group), encoding="utf-8")
    else:
        print(page(), end="")
    return 0
