"""The command doctor: whether the account, the models and the caller's rights are as a pipeline needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from rich.text import Text

from scripts.console.ending import DONE, FAILED
from scripts.operate.checks import BAD, OK, WARN, Finding, findings
from scripts.operate.output import console, table, write_json
from scripts.operate.place import Place

STYLES = {OK: "green", WARN: "yellow", BAD: "bold red"}


def doctor(place: Place) -> int:
    """Look for what a pipeline needs and does not have.

    Credentials, Region, alias, function, models (access, lifecycle, Anthropic's form of first use), quotas near, and
    the caller's rights to read all that; rights to change something are not tried.
    """
    found = list(findings(place))
    status = FAILED if any(finding.state == BAD for finding in found) else DONE
    if place.as_json:
        write_json({"healthy": status == DONE, "checks": [asdict(finding) for finding in found]})
    else:
        _write(found)
    return status


def _write(found: Sequence[Finding]) -> None:
    rows = table(("", "check", "found"), ())
    for finding in found:
        helps = f"; {finding.helps}" if finding.helps else ""
        rows.add_row(Text(finding.state, STYLES.get(finding.state, "")), finding.check, Text(finding.words + helps))
    console().print(rows)
