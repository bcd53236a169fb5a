"""The command line of scripts/preview_dashboard.py."""

from __future__ import annotations

import argparse
import html
import sys
from pathlib import Path

from scripts.console.ending import DONE, ended
from scripts.local_aws.processes.child import REPOSITORY
from scripts.rehearse.history import read
from scripts.rehearse.synthesized import synthesized

METRICS = REPOSITORY / "docs" / "pictures" / "dashboard-metrics.json"
PICTURE = REPOSITORY / "docs" / "pictures" / "dashboard.png"
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{margin:0;background:#eef0f2}}svg{{width:100%;height:auto;display:block}}</style>
{svg}
</html>
"""


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    return ended("preview dashboard", lambda: _run(options), (OSError, ValueError))


def _run(options: argparse.Namespace) -> int:
    from scripts.preview_dashboard.picture import as_svg, drawn

    history = read(options.metrics.read_text(encoding="utf-8"))
    widgets = synthesized().widgets()
    drawn(widgets, history, options.picture)
    print(f"written: {options.picture}", file=sys.stderr)
    if options.page:
        title = html.escape(str(widgets[0]["properties"]["markdown"]).partition("\n")[0].lstrip("# "))
        options.page.write_text(PAGE.format(title=title, svg=as_svg(widgets, history)), encoding="utf-8")
        print(f"written: {options.page}", file=sys.stderr)
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/preview_dashboard.py",
        description="Draw the synthesized dashboard, each widget at its place, with the metrics of rehearsed runs: one "
        "cause of an alarm every ten minutes. CloudWatch draws it otherwise in detail; a log table shows its query.",
        epilog="exit: 0 drawn; 1 a file cannot be read or written; 2 bad usage.",
    )
    parser.add_argument(
        "--metrics", type=Path, default=METRICS, metavar="FILE",
        help="what scripts/rehearse.py all --metrics wrote. Default: that of the picture in README",
    )  # fmt: skip
    parser.add_argument(
        "--picture", type=Path, default=PICTURE, metavar="FILE.png", help="Default: docs/pictures/dashboard.png"
    )
    parser.add_argument("--page", type=Path, metavar="FILE.html", help="also as a page that scales")
    return parser
