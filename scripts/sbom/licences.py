"""The licences as a page of the docs: docs/licences.md."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.sbom.distributions import Shipped

HEAD = """\
# Licences of what ships

The third-party packages inside the Lambda package that the construct builds, with the licence that each one's own
metadata names. Made by `scripts/sbom.py --write`; the gate builds the package and compares. Their licence texts ship in
the package, in `<name>-<version>.dist-info`. The pipeline's own code is under Apache License 2.0.

An agents folder with a `requirements.txt` of its own ships more than this. `scripts/sbom.py` prints the same list as a
CycloneDX 1.6 document for a scanner.
"""


def page(shipped: Sequence[Shipped]) -> str:
    """The whole page."""
    rows = [f"| {one.name} | {one.version} | {one.licence} |" for one in shipped]
    return "\n".join([HEAD, "| package | version | licence |", "|---|---|---|", *rows]) + "\n"
