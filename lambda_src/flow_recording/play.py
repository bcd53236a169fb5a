"""`python -m flow_recording.play FOLDER`: passes of the folder's flow, scripted on stdin, told on stdout, as JSON."""

import json
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from agent_workflow.declaration import Declaration, read_declarations
from flow_recording import instrument, stand_ins
from flow_recording.guards import Watch

REVIEW = {"after": "report", "timeout_seconds": 86_400, "on_timeout": "reject", "max_rounds": 3}
EVENT = {
    "demo_checkpoint": False, "budget_usd": None, "topics": None, "review": None, "max_failed_topics": 0,
    "tenant": None,
}  # fmt: skip


def main(folder: Path, told: dict[str, Any]) -> dict[str, Any]:
    """One pass, or with `again` the same pass twice and one that ends at each operation.

    Returns:
        `failed` of a flow that cannot be run; else `operations`, `values`, `result`, `found`.
    """
    watch = Watch(told["now"])
    watch.begin()
    stand_ins.prepare(Path(__file__).parents[1], folder, real=True)
    instrument.Sets.backwards = bool(told["again"])
    watch.on = True
    from flow_recording.recording import Refused, run_of

    declared = {agent.name: agent for agent in read_declarations(folder)}
    try:
        run = run_of(folder)
    except Refused as refused:
        return {"failed": str(refused), "found": list(watch.found)}
    answer = _passed(run, declared, told, watch)
    if told["again"] and "failed" not in answer:
        again = _passed(run, declared, told, watch)
        if (again["operations"], again.get("result")) != (answer["operations"], answer["result"]):
            watch.found["flow.py keeps something between two passes in one process, such as a global"] = None
        for number in range(1, len(answer["operations"]) + 1):
            _end_at(number, run, declared, told, watch)
    return {**answer, "found": list(watch.found)}


def _passed(
    run: Callable[[Any, Any], Any], declared: dict[str, Declaration], told: dict[str, Any], watch: Watch
) -> dict[str, Any]:
    from flow_recording.playing import PlayingFlow, ReviewEnded, Script

    flow = PlayingFlow(declared, _script(told, Script), watch)
    failed = None
    status, returned = "completed", None
    try:
        returned = run(flow, _request(told["event"]))
        flow.finished(returned)
        if told["event"].get("review") and not flow.reviewed:
            failed = "FlowFailed: flow.py must hold the review that was asked for"
    except ReviewEnded:
        status = "rejected"
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the author's code may raise anything
        failed = f"{type(error).__name__}: {error}"
    fields = {"report": returned} if isinstance(returned, str) else returned
    answer = {"operations": flow.seen.operations, "values": flow.seen.values}
    if failed is not None:
        return {**answer, "failed": failed}
    return {**answer, "result": json.loads(json.dumps({"status": status, **(fields or {})}))}


def _end_at(
    number: int, run: Callable[[Any, Any], Any], declared: dict[str, Declaration], told: dict[str, Any], watch: Watch
) -> None:
    from flow_recording.playing import PassEnded, PlayingFlow, Script

    flow = PlayingFlow(declared, _script(told, Script), watch, end_at=number)
    try:
        run(flow, _request(told["event"]))
    except PassEnded:
        if len(flow.seen.held_back) == 1:
            return
    except BaseException:  # noqa: BLE001, S110 - whatever it raises in the place of the end, it held the end back
        pass
    watch.found[f"{flow.seen.held_back[0]} catches everything, the end of a pass too: use `except Exception`"] = None


def _script(told: dict[str, Any], kind: Callable[..., Any]) -> Any:
    return kind(told["answers"], told["steps"], told["reviews"], _review(told["event"]))


def _review(event: dict[str, Any]) -> dict[str, Any] | None:
    asked = event.get("review")
    return {**REVIEW, **(asked if isinstance(asked, dict) else {})} if asked else None


def _request(event: dict[str, Any]) -> SimpleNamespace:
    topics = event.get("topics")
    asked = {**EVENT, **event, "topics": tuple(topics) if isinstance(topics, list) else topics}
    if review := _review(event):
        asked["review"] = SimpleNamespace(**review)
    return SimpleNamespace(**asked)


if __name__ == "__main__":
    given = json.load(sys.stdin)
    with redirect_stdout(sys.stderr):
        document = main(Path(sys.argv[1]).resolve(), given)
    print(json.dumps(document))  # noqa: T201 - the answer of this program
