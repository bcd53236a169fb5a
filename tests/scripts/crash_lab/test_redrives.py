"""What a redrive proves: by the journal and the witnesses of both runs, never by its own word."""

from typing import Any

import pytest

from scripts.crash_lab.observation import Evidence
from scripts.crash_lab.redrives import RedriveSweep, completed_before, document, judge
from scripts.crash_lab.scenario import Call, Scenario

CALLS = (Call("a-agent/model-1", "first"), Call("b-agent/model-1", "second"))
SCENARIO = Scenario("two", {"query": "x"}, ({"name": "first"}, {"name": "second"}), CALLS)


def result(taken: bool = False, **more: Any) -> dict[str, Any]:
    call = {"name": "model-1", "kind": "model"}
    first = {**call, "cost_usd": "0" if taken else "0.1", **({"taken": True} if taken else {})}
    agents = {"a": {"calls": [first]}, "b": {"calls": [{**call, "cost_usd": "0.2"}]}}
    return {"report": "r", "usage": {"model_calls": 2, "agents": agents}, **more}


def evidence(*made: str, given: dict[str, Any] | None = None, failure: str | None = None) -> Evidence:
    updates = [
        (path, action) for path in ("a-agent", *(call.path for call in CALLS)) for action in ("START", "SUCCEED")
    ]
    return Evidence(
        events=[{"event": "operation", "operation": path, "action": action} for path, action in updates],
        calls=[{"event": "started", "reply": name} for name in made],
        result=given,
        failure=failure,
    )


WHOLE = evidence("first", "second", given=result())


def test_what_had_its_checkpoint_before_the_operation_is_the_prefix():
    assert completed_before("a-agent/model-1", WHOLE, SCENARIO) == ()
    assert completed_before("b-agent/model-1", WHOLE, SCENARIO) == ("first",)


def test_a_redrive_that_makes_the_rest_and_reckons_it_right_holds():
    tried = judge("b-agent/model-1", evidence("second", given=result(taken=True)), WHOLE, SCENARIO)
    assert tried.holds
    figures = document([RedriveSweep(SCENARIO, ("a", "b"), (tried,))], 1)
    assert (figures["operations_holding"], figures["calls_taken"], figures["calls_paid_again"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (evidence("first", "second", given=result(taken=True)), "first"),
        (evidence("second", "second", given=result(taken=True)), "made more than once: second"),
        (evidence("second", given=result(taken=True, report="other")), "differs from the whole run: report"),
        (evidence("second", given={**result(), "usage": {**result()["usage"], "model_calls": 1}}), "usage.model_calls"),
        (evidence("second", given=result(taken=True) | {"usage": result()["usage"]}), "2 model calls paid"),
        (evidence("second", failure="FAILED: RedriveRefused"), "FAILED: RedriveRefused"),
    ],
    ids=["paid again", "twice", "another report", "another count", "no word of what was taken", "no result"],
)
def test_fails_when_the_evidence_says_otherwise(seen, words):
    tried = judge("b-agent/model-1", seen, WHOLE, SCENARIO)
    assert not tried.holds
    assert words in " ".join((*tried.paid_again, *tried.wrong))
