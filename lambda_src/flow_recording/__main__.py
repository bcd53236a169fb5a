"""`python -m flow_recording FOLDER [SIDE_BY_SIDE]`: what is known of the folder's flow, as one JSON document."""

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path

from flow_recording import stand_ins


def main(folder: Path, side_by_side: int) -> dict[str, object]:
    """The document; of a flow that is refused, only `refused`."""
    stand_ins.prepare(Path(__file__).parents[1], folder)
    from flow_recording.diagram import mermaid
    from flow_recording.recording import Refused, record, rows

    try:
        made = record(folder, side_by_side)
    except Refused as refused:
        return {"refused": str(refused)}
    failures = dict.fromkeys(f"{type(way.failure).__name__}{way.where}" for way in made.ways if way.failure)
    costs = [way.cost for way in made.ways]
    return {
        "diagram": mermaid(made.ways) if made.ways else "",
        "rows": rows(made.worst) if made.ways else [],
        "operations": max((cost.operations for cost in costs), default=0),
        "bytes": max((cost.bytes for cost in costs), default=0),
        "seconds": max((cost.seconds for cost in costs), default=0),
        "ways": len(made.ways),
        "complete": made.complete,
        "unbounded": made.unbounded,
        "failures": list(failures),
        "fields": sorted(made.fields),
    }


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        document = main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 5)  # noqa: PLR2004
    print(json.dumps(document))  # noqa: T201 - the answer of this program
