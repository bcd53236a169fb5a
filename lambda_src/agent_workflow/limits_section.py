"""The report's section on limits, as far as code writes it and no model."""

from collections.abc import Sequence

LIMITS = "## Limits of this report"


def with_section(report: str, lines: Sequence[str]) -> str:
    """The report, whose section on limits lists these lines too; as it is without any."""
    listed = "\n".join(f"- {line}" for line in lines)
    if not listed:
        return report
    before, heading, after = report.rpartition(LIMITS)
    if not heading or not (after.startswith("\n") or not after):
        return f"{report.rstrip()}\n\n{LIMITS}\n\n{listed}\n"
    section, next_heading, rest = after.partition("\n## ")
    return f"{before}{heading}{section.rstrip()}\n\n{listed}\n{next_heading and next_heading.join(('', rest))}"
