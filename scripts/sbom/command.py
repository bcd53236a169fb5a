"""The command line of scripts/sbom.py: build the package, list it."""

from __future__ import annotations

import argparse
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from scripts.console.ending import DONE, FAILED, ended
from scripts.local_aws.processes.child import REPOSITORY
from scripts.sbom.bill_of_materials import InvalidDocument, cyclonedx
from scripts.sbom.distributions import Shipped, shipped_in
from scripts.sbom.licences import page
from scripts.sbom.tools import every_tool, pinned_by_tools

if TYPE_CHECKING:
    from infra.durable_agent_pipeline.choices.props import PipelineProps

PAGE = REPOSITORY / "docs" / "licences.md"
EPILOG = "exit: 0 done; 1 the package could not be built, or docs/licences.md is out of date (--check); 2 bad usage"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    failures = (RuntimeError, InvalidDocument, OSError)
    return ended("sbom", lambda: _written(shipped_by_the_construct(), options), failures)


def shipped_by_the_construct() -> list[Shipped]:
    """Build the package as a synth does, out of the same cache, and read it.

    Raises:
        RuntimeError: it cannot be built here.
    """
    from infra.durable_agent_pipeline.choices.props import PipelineProps

    always = shipped_with(PipelineProps())
    known, boxes = {one.name for one in always}, pinned_by_tools()
    more = [one for one in shipped_with(PipelineProps(**every_tool())) if one.name not in known]
    return sorted([*always, *(replace(one, tools=boxes.get(one.name, ("mcp",))) for one in more)])


def shipped_with(props: PipelineProps) -> list[Shipped]:
    """What the package of these choices ships."""
    from infra.durable_agent_pipeline.package.cache import LocalBundling
    from infra.durable_agent_pipeline.package.inputs import package_of

    with TemporaryDirectory(prefix="sbom-") as scratch:
        LocalBundling(package_of(props), props.runtime.bundling_image.image).try_bundle(scratch)
        return shipped_in(Path(scratch))


def _written(shipped: list[Shipped], options: argparse.Namespace) -> int:
    if options.write:
        PAGE.write_text(page(shipped), encoding="utf-8")
        print(f"sbom: {len(shipped)} packages in docs/licences.md", file=sys.stderr)
    elif options.check:
        if PAGE.read_text(encoding="utf-8") != page(shipped):
            print("sbom: docs/licences.md is not what ships: run scripts/sbom.py --write", file=sys.stderr)
            return FAILED
    else:
        print(cyclonedx(shipped, _version()))
    return DONE


def _version() -> str:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/sbom.py",
        description="List the third-party packages that ship in the Lambda package, with packaged tools or without: "
        "as a CycloneDX 1.6 JSON document on stdout, or as docs/licences.md.",
        epilog=EPILOG,
    )
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--json", action="store_true", help="the CycloneDX document; also the default")
    kind.add_argument("--write", action="store_true", help="write docs/licences.md instead")
    kind.add_argument("--check", action="store_true", help="compare docs/licences.md with what ships")
    return parser
