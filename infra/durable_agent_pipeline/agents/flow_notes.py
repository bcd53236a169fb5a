"""What synth says of a flow's worst case: a table, a warning, or a refusal."""

from collections.abc import Iterator
from pathlib import Path

from aws_cdk import Annotations
from constructs import Construct

from .flow_bounds import (
    HANDED_OVER_AT,
    MOST_BYTES,
    MOST_EXECUTIONS,
    MOST_OPERATIONS,
    FlowBounds,
    FlowNotRecorded,
    bounds,
)

WARNED_FROM = 0.5
_WIDTH = 34
_HEAD = f"{'operation':{_WIDTH}} {'times':>5} {'operations':>12} {'MB kept':>12} {'Lambda s':>9}"


def note_bounds(scope: Construct, folder: Path, side_by_side: int) -> None:
    """Say on the scope how much of what an execution may have this flow can take.

    Args:
        scope: the construct.
        folder: the agents folder.
        side_by_side: branches of a map at the same time.

    Raises:
        ValueError: it can take more than all the executions that it may go on in, or fails whatever its agents answer.
    """
    notes = Annotations.of(scope)
    try:
        found = bounds(folder, side_by_side)
    except FlowNotRecorded as error:
        notes.add_warning_v2("durable-agent-pipeline:flow-not-recorded", f"the flow's worst case is not known: {error}")
        return
    if found.unbounded:
        notes.add_warning_v2(
            "durable-agent-pipeline:flow-unbounded",
            f"the flow's worst case is not known, because {found.unbounded}; an execution goes on in a new one "
            f"after {HANDED_OVER_AT * MOST_OPERATIONS:.0f} operations and ends after {MOST_EXECUTIONS} of them. Give "
            "the loop a bound, such as `for _ in range(3)`",
        )
        return
    shares = f"{_share(found.operations, MOST_OPERATIONS)} of {MOST_OPERATIONS} operations and "
    shares += f"{_share(found.bytes, MOST_BYTES)} of {MOST_BYTES // 10**6} MB"
    costliest = max(found.rows, key=lambda row: max(row["operations"] / MOST_OPERATIONS, row["bytes"] / MOST_BYTES))
    advice = f"most of it by {costliest['operation']}; lower limits, tool results or the number of items"
    if found.executions > 1:
        advice = f"so it may go on in {found.executions} executions, {advice}"
    if found.executions > MOST_EXECUTIONS:
        raise ValueError(
            f"the flow must fit into {MOST_EXECUTIONS} executions, but its worst case takes {shares}, {advice}\n"
            f"{table(found)}"
        )
    if found.share > WARNED_FROM:
        notes.add_warning_v2(
            "durable-agent-pipeline:flow-worst-case", f"the flow's worst case takes {shares}, {advice}"
        )
    notes.add_info_v2("durable-agent-pipeline:flow-bounds", table(found))


def table(found: FlowBounds) -> str:
    """The worst case as lines of at most 80 columns."""
    return "\n".join(_lines(found))


def _lines(found: FlowBounds) -> Iterator[str]:
    least = "at most" if found.complete else "at least"
    yield f"one execution takes {least}, of {found.ways} ways through the flow:"
    yield _HEAD
    for row in found.rows:
        kept, seconds = f"{row['bytes'] / 1e6:,.1f}", f"{row['seconds']:,.0f}"
        name = row["operation"] if len(row["operation"]) <= _WIDTH else f"{row['operation'][: _WIDTH - 3]}..."
        yield f"{name:{_WIDTH}} {row['times']:>5} {row['operations']:>12,} {kept:>12} {seconds:>9}"
    operations = f"{found.operations:,} ({_share(found.operations, MOST_OPERATIONS)})"
    kept = f"{found.bytes / 1e6:,.1f} ({_share(found.bytes, MOST_BYTES)})"
    yield f"{'in all':{_WIDTH}} {'':>5} {operations:>12} {kept:>12} {found.seconds:>9,.0f}"
    if found.failures:
        yield f"some ways raise: {', '.join(found.failures)}"[:80]


def _share(part: int, whole: int) -> str:
    percent = 100 * part / whole
    return f"{percent:,.0f} %" if percent >= 1 or not part else "< 1 %"
