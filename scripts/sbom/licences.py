"""The licences as a page of the docs: docs/licences.md."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.sbom.distributions import Shipped

HEAD = """\
# Licences of what ships

The third-party packages inside the Lambda package that the construct builds, with the licence that each one's own
metadata names. Made by `scripts/sbom.py --write`; the gate builds the package and compares. Their licence texts ship in
the package, in `<name>-<version>.dist-info`. The pipeline's own code is under Apache License 2.0.

The second table has what ships besides with a packaged tool that is switched on ([tools.md](tools.md)), and for which.
`search_web` and `search_knowledge_base` need nothing more. An agents folder with a `requirements.txt` of its own
ships more than this. `scripts/sbom.py` prints the same lists as a CycloneDX 1.6 document for a scanner: what ships with
a tool only is `optional` in it, with the tool as a property.
"""


def page(shipped: Sequence[Shipped]) -> str:
    """The whole page."""
    always = [_row(one) for one in shipped if not one.tools]
    with_tools = [f"{_row(one)} {', '.join(one.tools)} |" for one in shipped if one.tools]
    lines = [HEAD, "| package | version | licence |", "|---|---|---|", *always]
    return "\n".join([*lines, "", "| package | version | licence | tools |", "|---|---|---|---|", *with_tools]) + "\n"


def _row(one: Shipped) -> str:
    return f"| {one.name} | {one.version} | {one.licence} |"
