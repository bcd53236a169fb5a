"""From the events of an execution to a golden history that today's code replays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from scripts.record_history.golden import Golden, Unrecordable, golden_of
from scripts.record_history.replay import replay
from scripts.record_history.scrub import Scrubber


def recorded(events: Iterable[Mapping[str, Any]], **deployment: Any) -> Golden:
    """The history without its texts, if today's code replays it with them and without them.

    Args:
        events: those of GetDurableExecutionHistory, with the data.
        **deployment: `agents`, `packaged_flow` and `environment` of a Golden.

    Raises:
        Unrecordable: it does not, so that nothing could be compared later; the message says where.
    """
    whole = replace(golden_of(events), **deployment)
    for opened in (True, False):
        _refuse(replay(whole, opened=opened).wrong, "today's code does not replay this history")
    bare = Scrubber().golden(whole)
    again = replay(bare, opened=True, learn=True)
    if odd := [each for each in again.wrong if not each.startswith("another result")]:
        _refuse(odd, "its texts decide its operations, so it cannot be kept without them")
    for operation in bare.operations:
        if operation["Id"] in again.contexts:
            operation["ContextDetails"]["Result"] = again.contexts[operation["Id"]]
    bare.result = again.result
    for opened in (True, False):
        _refuse(replay(bare, opened=opened).wrong, "without its texts it does not replay twice alike")
    return bare


def _refuse(wrong: list[str], why: str) -> None:
    if wrong:
        raise Unrecordable(f"{why}: {wrong[0]}")
