"""Command line of scripts/construct_page.py."""

from __future__ import annotations

import argparse

from scripts.console.marked_block import write_block
from scripts.construct_page import agents_table, packaged_flow
from scripts.construct_page.keywords import GROUPS, file_of, with_keywords
from scripts.construct_page.page import PAGE, page


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/construct_page.py",
        description="Prints every choice of the construct, as docs/construct.md does.",
        epilog="exit: 0 done; 2 bad usage",
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="bring the page, the typed keywords, the table of agents.toml and the packaged flow's diagram up to date",
    )
    if parser.parse_args(arguments).write:
        PAGE.write_text(page(), encoding="utf-8")
        write_block(agents_table.PAGE, agents_table.BEGIN, agents_table.END, agents_table.table())
        for flow_page, drawn in packaged_flow.blocks():
            write_block(flow_page, packaged_flow.BEGIN, packaged_flow.END, drawn)
        for group in GROUPS:
            file_of(group).write_text(with_keywords(group), encoding="utf-8")
    else:
        print(page(), end="")
    return 0
