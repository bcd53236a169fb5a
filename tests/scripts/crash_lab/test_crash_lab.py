"""The crash lab's own judgement: which points there are, what counts as repeated, when a point does not hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from agent_workflow.toolboxes import TOOLBOXES
from scripts.crash_lab.command import main
from scripts.crash_lab.observation import Evidence
from scripts.crash_lab.picture import BROKEN, MORE, NONE, ONCE, UNTRIED, colour_of, draw
from scripts.crash_lab.points import KillPoint, fault_of, points_of, sample
from scripts.crash_lab.record import BEGIN, END, record
from scripts.crash_lab.report import (
    closing_line,
    document,
    in_tree,
    notices_repeated,
    reasons,
    rows_of,
    total,
    write_table,
)
from scripts.crash_lab.scenario import Call, Scenario, says
from scripts.crash_lab.scenarios import SCENARIOS
from scripts.crash_lab.scenarios.sources import READ, SOURCES
from scripts.crash_lab.scenarios.tools import TOOLS
from scripts.crash_lab.sweep import Sweep, Unusable, clean
from scripts.crash_lab.verdict import Verdict, differing, judge
from scripts.local_aws.bedrock.script import parse_script
from scripts.local_aws.functions.kill_rules import KillRules
from scripts.local_aws.functions.operation_paths import SeenUpdate

MODEL = Call("a-agent/model-1", "model:a:1")
TOOL = Call("a-agent/tool-1-search", "search:prices")
NOTICE = Call("review-1-notify", "notice:review-1", held=False)
LAB = Scenario(
    name="lab",
    event={"query": "q"},
    replies=(says(1, "a", MODEL.witness),),
    calls=(MODEL, TOOL),
    throttled=MODEL.witness,
)
REVIEWED = replace(LAB, calls=(*LAB.calls, NOTICE), answers={"review-1": "{}"})
POINT = KillPoint(TOOL.path, "STEP", "START", "after", TOOL.witness)
USAGE = {"model_calls": 1, "tool_calls": 1, "cost_usd": "0.5", "attempts": 1, "latency_ms": 3, "saved_usd": "0"}
RESULT: dict[str, Any] = {
    "report": "text",
    "usage": {**USAGE, "agents": {"a": {"calls": [{"name": "model-1", "attempts": 1}]}}},
}


def update(path: str, action: str, kind: str = "STEP") -> dict[str, object]:
    return {"event": "operation", "operation": path, "action": action, "type": kind, "pid": 1}


def started(pid: int) -> dict[str, object]:
    return {"event": "invocation_started", "pid": pid}


def ended(pid: int, status: str) -> dict[str, object]:
    return {"event": "invocation_ended", "pid": pid, "status": status}


def model_call() -> dict[str, object]:
    return {"event": "started", "reply": MODEL.witness}


def tool_call() -> dict[str, object]:
    return {"event": "started", "call": TOOL.witness}


@pytest.fixture
def evidence() -> Evidence:
    """A kill while the tool was in flight; the model call had been completed."""
    return Evidence(
        events=[
            started(1),
            update(MODEL.path, "START"),
            update(MODEL.path, "SUCCEED"),
            update(TOOL.path, "START"),
            ended(1, "died"),
            started(2),
            update(TOOL.path, "RETRY"),
            ended(2, "PENDING"),
            started(3),
            update(TOOL.path, "SUCCEED"),
            ended(3, "SUCCEEDED"),
            {"event": "execution_finished"},
        ],
        calls=[model_call(), {"event": "finished", "reply": MODEL.witness}],
        witness=[tool_call(), tool_call()],
        killed=[1],
        result=deepcopy(RESULT),
    )


def judged(evidence: Evidence) -> Verdict:
    return judge(POINT, evidence, RESULT, LAB)


def test_a_call_in_flight_may_be_made_once_more(evidence):
    verdict = judged(evidence)

    assert verdict.holds
    assert verdict.completed == (MODEL.witness,)
    assert verdict.repeated_in_flight == (TOOL.witness,)
    assert verdict.repeated_completed == ()
    assert (verdict.killed_pid, verdict.pids) == (1, (1, 2, 3))


def test_fails_when_a_completed_call_is_made_again(evidence):
    evidence.calls.append(model_call())

    verdict = judged(evidence)

    assert not verdict.holds
    assert verdict.repeated_completed == (MODEL.witness,)
    assert reasons(verdict) == ["completed call repeated: model:a:1"]


def test_fails_when_a_call_in_flight_is_made_three_times(evidence):
    evidence.witness.append(tool_call())

    assert not judged(evidence).holds
    assert judged(evidence).repeated_too_often == (TOOL.witness,)


def test_fails_when_a_call_was_never_seen_outside(evidence):
    evidence.calls.clear()

    assert not judged(evidence).holds
    assert judged(evidence).not_made == (MODEL.witness,)


def notice(callback: str, review: str = "review-1") -> dict[str, object]:
    return {"review": review, "callback_id": callback}


def test_a_notice_in_flight_may_be_sent_again_for_the_same_callback_and_counts_as_one_question(evidence):
    evidence.notices += [notice("one"), notice("one")]

    verdict = judge(POINT, evidence, RESULT, REVIEWED)

    assert verdict.holds
    assert verdict.asked_again == ()
    assert notices_repeated([verdict]) == 1


@pytest.mark.parametrize("second", [notice("two"), notice("two", "review-2")])
def test_fails_when_a_person_is_asked_a_second_time(evidence, second):
    evidence.notices += [notice("one"), second]

    verdict = judge(POINT, evidence, RESULT, REVIEWED)

    assert not verdict.holds
    assert reasons(verdict)[-1] == f"asked more than once: {second['review']}"


def test_fails_when_a_notice_that_was_kept_is_sent_again(evidence):
    evidence.notices += [notice("one"), notice("one")]
    evidence.events.insert(1, update(NOTICE.path, "SUCCEED"))

    assert judge(POINT, evidence, RESULT, REVIEWED).repeated_completed == (NOTICE.witness,)


def test_fails_when_nobody_is_told_of_a_review(evidence):
    assert judge(POINT, evidence, RESULT, REVIEWED).not_made == (NOTICE.witness,)


def test_a_notice_has_no_point_in_its_middle():
    seen = [update(NOTICE.path, action) for action in ("START", "SUCCEED")]

    assert "during" not in {point.moment for point in points_of(seen, [], REVIEWED)}


def test_of_several_executions_the_process_that_started_last_runs_and_the_first_ones_end_counts():
    parent, child = ({"execution": name} for name in ("parent", "child"))
    lines: list[dict[str, Any]] = [
        {**started(1), **parent},
        {**started(2), **child},
        {**ended(1, "PENDING"), **parent},
        {**ended(2, "SUCCEEDED"), **child},
        {"event": "execution_finished", **child},
        {**started(3), **parent},
        {**ended(3, "SUCCEEDED"), **parent},
        {"event": "execution_finished", **parent},
    ]
    seen = [Evidence(events=lines[:count], execution="parent") for count in range(len(lines) + 1)]

    assert [one.running for one in seen] == [None, 1, 2, 2, None, None, 3, None, None]
    assert [one.finished for one in seen] == [False] * 8 + [True]


def test_a_success_that_the_engine_took_after_the_kill_still_counts_as_completed(evidence):
    late = update(TOOL.path, "SUCCEED")
    evidence.events.insert(evidence.events.index(ended(1, "died")) + 1, late)

    verdict = judged(evidence)

    assert verdict.repeated_completed == (TOOL.witness,)
    assert not verdict.holds


@pytest.mark.parametrize("status", ["PENDING", "SUCCEEDED", "timed_out"])
def test_fails_when_no_process_was_killed(evidence, status):
    evidence.events[evidence.events.index(ended(1, "died"))] = ended(1, status)

    assert judged(evidence).killed_pid is None
    assert not judged(evidence).holds


def test_fails_when_no_process_came_after_the_killed_one(evidence):
    del evidence.events[evidence.events.index(started(2)) :]

    assert not judged(evidence).new_process
    assert not judged(evidence).holds


def test_fails_when_a_second_process_died_too(evidence):
    evidence.events[evidence.events.index(ended(2, "PENDING"))] = ended(2, "died")

    assert not judged(evidence).holds


def test_fails_when_a_process_died_that_nobody_killed(evidence):
    evidence.killed.clear()

    assert judged(evidence).killed_pid is None
    assert not judged(evidence).holds


@pytest.mark.parametrize(
    ("action", "moment", "holds_in_flight", "holds_completed"),
    [
        ("START", "before", True, True),
        ("START", "after", True, True),
        ("START", "during", True, False),
        ("RETRY", "before", True, False),
        ("SUCCEED", "before", True, False),
        ("SUCCEED", "after", False, True),
    ],
)
def test_fails_when_the_kill_missed_its_moment(evidence, action, moment, holds_in_flight, holds_completed):
    point = KillPoint(TOOL.path, "STEP", action, moment, TOOL.witness)
    assert judge(point, evidence, RESULT, LAB).holds is holds_in_flight

    evidence.witness.pop()
    evidence.events.insert(evidence.events.index(ended(1, "died")), update(TOOL.path, "SUCCEED"))
    assert judge(point, evidence, RESULT, LAB).holds is holds_completed


def test_fails_when_there_is_no_result(evidence):
    evidence.result, evidence.failure = None, "FAILED: ModelFailed: no"

    verdict = judged(evidence)

    assert not verdict.holds
    assert not verdict.result_identical
    assert not verdict.ledger_identical
    assert "FAILED: ModelFailed: no" in reasons(verdict)


@pytest.mark.parametrize("name", ["model_calls", "tool_calls", "cost_usd"])
def test_fails_when_a_figure_of_the_ledger_differs(evidence, name):
    assert evidence.result is not None
    evidence.result["usage"][name] = "7"

    verdict = judged(evidence)

    assert verdict.result_identical
    assert not verdict.ledger_identical
    assert verdict.differences == (f"usage.{name}",)
    assert not verdict.holds


def test_fails_when_the_text_differs(evidence):
    assert evidence.result is not None
    evidence.result["report"] = "another text"

    assert not judged(evidence).result_identical
    assert judged(evidence).ledger_identical
    assert not judged(evidence).holds


def test_attempts_and_time_may_differ_at_any_depth(evidence):
    assert evidence.result is not None
    evidence.result["usage"] |= {
        "attempts": 2,
        "broken_attempts": 1,
        "latency_ms": 99,
        "saved_usd": "0.5",
        "estimates": {"any": 1},
    }
    evidence.result["usage"]["agents"]["a"]["calls"][0]["attempts"] = 2

    assert judged(evidence).holds


def test_a_call_missing_from_the_ledger_is_a_difference():
    longer = deepcopy(RESULT)
    longer["usage"]["agents"]["a"]["calls"].append({"name": "model-2", "attempts": 1})

    assert differing(RESULT, longer) == ["usage.agents.a.calls"]
    assert differing(longer, RESULT) == ["usage.agents.a.calls"]


def test_a_number_is_not_the_same_as_its_text():
    assert differing({"usage": {"cost": "1"}}, {"usage": {"cost": 1}}) == ["usage.cost"]
    assert differing({"usage": {"calls": 1}}, {"usage": {"calls": True}}) == ["usage.calls"]


def test_every_update_is_a_point_before_and_after_and_every_call_one_during():
    seen = [update("a-agent", "START", "CONTEXT"), update(MODEL.path, "START"), update(MODEL.path, "SUCCEED")]

    points = points_of([*seen, update("a-agent", "SUCCEED", "CONTEXT")], [], LAB)

    assert [point.name for point in points] == [
        "before START of a-agent",
        "after START of a-agent",
        "before SUCCEED of a-agent",
        "after SUCCEED of a-agent",
        "before START of a-agent/model-1",
        "after START of a-agent/model-1",
        "during a-agent/model-1",
        "before SUCCEED of a-agent/model-1",
        "after SUCCEED of a-agent/model-1",
    ]


def test_parallel_branches_stand_each_below_its_parent():
    paths = ["a", "a/tools", "a/tools/one", "a/tools/two", "a/tools/one/inner", "a/last", "b"]

    points = points_of([update(path, "START", "CONTEXT") for path in paths], [], replace(LAB, calls=()))

    assert list(dict.fromkeys(point.path for point in points)) == [
        "a", "a/tools", "a/tools/one", "a/tools/one/inner", "a/tools/two", "a/last", "b",
    ]  # fmt: skip


def test_a_throttled_run_adds_its_retry_and_nothing_else():
    throttled = [update(MODEL.path, action) for action in ("START", "RETRY", "START", "SUCCEED")]

    points = points_of([], throttled, LAB)

    assert [point.name for point in points] == [f"{moment} RETRY of {MODEL.path}" for moment in ("before", "after")]
    assert all(fault_of(point, LAB) == {MODEL.witness: "throttle"} for point in points)


def test_only_a_model_call_that_is_killed_during_its_reply_stalls():
    during = KillPoint(MODEL.path, "STEP", "START", "during", MODEL.witness)
    assert fault_of(during, LAB) == {MODEL.witness: "stall_midstream"}
    assert fault_of(replace(during, path=TOOL.path, call=TOOL.witness), LAB) == {}
    assert fault_of(replace(during, moment="before"), LAB) == {}
    assert fault_of(None, LAB) == {}


def test_the_endpoints_kill_rule_meets_its_own_update_and_no_other():
    rules = KillRules.parse(KillPoint("a-agent/odd [1]", "STEP", "SUCCEED", "before").kill_rules)
    met = SeenUpdate("a-agent/odd [1]", 4, "STEP", None, "SUCCEED", 0)

    assert rules.take([replace(met, action="START")], "before") is None
    assert rules.take([replace(met, path="a-agent/odd 1")], "before") is None
    assert rules.take([met], "after") is None
    assert rules.take([met], "before") is not None
    assert rules.take([met], "before") is None


def test_a_kill_during_a_call_is_the_labs_own():
    assert KillPoint(TOOL.path, "STEP", "START", "during", TOOL.witness).kill_rules == []


@pytest.mark.parametrize("most", [1, 2, 7, 91])
def test_a_sample_is_even_ordered_and_without_repetition(most):
    points = [KillPoint(str(number), "STEP", "START", "before") for number in range(92)]

    chosen = [int(point.path) for point in sample(points, most)]

    gaps = [second - first for first, second in pairwise(chosen)]
    assert len(set(chosen)) == most
    assert all(92 // most <= gap <= 92 // most + 1 for gap in gaps)


@pytest.mark.parametrize("most", [None, 92, 93])
def test_a_sample_of_everything_is_everything(most):
    points = [KillPoint(str(number), "STEP", "START", "before") for number in range(92)]

    assert sample(points, most) == points


def test_one_scenario_has_parallel_tools_a_single_tool_and_a_question_in_the_middle():
    paths = [call.path for call in TOOLS.calls]

    assert paths == [
        "research-agent/model-1",
        "research-agent/tools-1/tool-1-search",
        "research-agent/tools-1/tool-2-search",
        "research-agent/tools-1/tool-3-read_page",
        "research-agent/model-2",
        "research-agent/tools-2/tool-4-ask_editor/editor/editor submitter",
        "research-agent/tools-2/tool-5-read_page",
        "research-agent/model-3",
        "research-agent/tool-6-take_note",
        "research-agent/model-4",
        "analysis-agent/model-1",
        "summary-agent/model-1",
    ]


def test_another_has_every_packaged_tool_that_can_run_here_and_cites_what_each_read():
    packaged = {tool for box in TOOLBOXES.values() for tool in box.tools} - ({"query_database"} - set(_used(SOURCES)))
    assert {*packaged, "wiki_look_up", "count_words"} == set(_used(SOURCES))
    text = SOURCES.replies[-1]["text"]
    assert all(f"[s{number}]" in text for number in range(1, READ + 1))


def _used(scenario: Scenario) -> list[str]:
    return [
        use["name"] for reply in scenario.replies for use in reply.get("tool_uses", ()) if use["name"] != "Findings"
    ]


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_every_call_of_a_scenario_has_a_witness_of_its_own(scenario: Scenario):
    witnesses = {call.witness for call in scenario.calls}
    assert len(witnesses) == len(scenario.calls) == len({call.path for call in scenario.calls})
    assert {reply["name"] for reply in scenario.replies} <= witnesses
    assert scenario.throttled in witnesses
    assert {f"notice:{review}" for review in scenario.reviews} <= witnesses
    assert (scenario.agents_folder / "agents.toml").is_file()


def test_the_script_is_one_that_the_endpoint_takes_and_holds_the_faults():
    script = parse_script(json.dumps(TOOLS.script({"model:research:3": "throttle"})))

    assert [reply.faults for reply in script.replies] == [[], [], ["throttle"], [], [], []]


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_no_two_calls_cost_the_same(scenario: Scenario):
    usages = [json.dumps(reply["usage"]) for reply in scenario.script()["replies"]]

    assert len(set(usages)) == len(usages)


def test_the_undisturbed_run_must_make_every_call_once():
    evidence = Evidence(
        events=[update(call.path, "SUCCEED") for call in TOOLS.calls],
        witness=[{"event": "started", "call": call.witness} for call in TOOLS.calls],
    )
    assert clean(evidence, TOOLS) is evidence

    without = Evidence(events=evidence.events[1:], witness=list(evidence.witness))
    with pytest.raises(Unusable, match="must be a durable step, got none named research-agent/model-1"):
        clean(without, TOOLS)

    evidence.witness.append(evidence.witness[0])
    with pytest.raises(Unusable, match="must be made once"):
        clean(evidence, TOOLS)
    evidence.failure = "FAILED: InvalidRequest: no"
    with pytest.raises(Unusable, match="InvalidRequest"):
        clean(evidence, TOOLS)


def test_the_process_that_runs_is_known_from_the_journal(evidence):
    events = evidence.events
    seen = [Evidence(events=events[:count]) for count in range(len(events) + 1)]

    assert [one.running for one in seen] == [None, 1, 1, 1, 1, None, 2, 2, None, 3, 3, None, None]
    assert [count for count, one in enumerate(seen) if one.suspended] == [8]
    assert [count for count, one in enumerate(seen) if one.finished] == [12]


@pytest.fixture
def sweep(evidence) -> Callable[..., Sweep]:
    def made(*, broken: bool) -> Sweep:
        if broken:
            evidence.calls.append(model_call())
        untried = KillPoint(MODEL.path, "STEP", "START", "before", MODEL.witness)
        return Sweep(LAB, (untried, POINT), (judged(evidence),), RESULT)

    return made


def test_the_document_counts_what_was_kept_and_repeated(sweep):
    figures = document([sweep(broken=False)], 12.34)

    assert figures["points_known"] == 2
    assert figures["points_tried"] == figures["points_holding"] == figures["processes_killed"] == 1
    assert figures["completed_calls_kept"] == 1
    assert figures["completed_calls_repeated"] == 0
    assert figures["in_flight_calls_repeated"] == figures["in_flight_calls_repeated_at_most"] == 1
    assert figures["undisturbed"]["lab"] == {"model_calls": 1, "tool_calls": 1, "cost_usd": "0.5"}
    assert figures["points"][0]["holds"] is True
    assert json.loads(json.dumps(figures))["points"][0]["pids"] == [1, 2, 3]


def test_a_broken_point_is_named_with_its_reason(sweep):
    console = Console(record=True, width=200)

    good, broken = sweep(broken=False), sweep(broken=True)

    write_table(broken, console)

    text = console.export_text()
    assert "scenario: lab" in text
    assert "does not hold: after START of a-agent/tool-1-search: completed call repeated: model:a:1" in text
    said = closing_line([good, broken], 1)
    assert "1 of 2 kill points hold (4 known): 1 completed calls repeated, 1 kept" in said


def test_rows_add_up_to_their_total(evidence):
    one = judged(evidence)
    other = replace(one, point=KillPoint(MODEL.path, "STEP", "START", "before", MODEL.witness), result_identical=False)

    rows = rows_of([one, one, other])

    assert [(row.operation, row.kills) for row in rows] == [(TOOL.path, 2), (MODEL.path, 1)]
    assert rows[1].cells[-2:] == ("1 differ", "same")
    assert total(rows).kills == 3
    assert total(rows).kept == 3
    assert total(rows).holding == 2


def test_a_colour_stands_for_each_outcome(evidence):
    one = judged(evidence)

    assert colour_of(None) == UNTRIED
    assert colour_of(replace(one, repeated_in_flight=())) == NONE
    assert colour_of(one) == ONCE
    assert colour_of(replace(one, repeated_in_flight=("x", "y"))) == MORE
    assert colour_of(replace(one, repeated_completed=("x",))) == BROKEN


def test_a_sweep_is_recorded_between_the_marks_of_its_page(sweep, tmp_path: Path):
    page, pictures = tmp_path / "page.md", tmp_path / "pictures"
    page.write_text(f"before\n{BEGIN}\nold figures\n{END}\nafter\n")

    record([sweep(broken=False)], 1, page, pictures)
    once = page.read_text()
    record([sweep(broken=False)], 1, page, pictures)

    assert page.read_text() == once
    assert once.startswith("before\n")
    assert once.endswith("\nafter\n")
    assert "old figures" not in once
    assert "| `a-agent/tool-1-search` | 1 | 1 | 0 | 1 | same | same |" in once
    assert "</svg>" in (pictures / "crash-lab-lab.svg").read_text()


def test_fails_when_the_page_has_no_marks(sweep, tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("nothing here")

    with pytest.raises(ValueError, match="must hold a block between"):
        record([sweep(broken=False)], 1, page, tmp_path)


def test_a_picture_can_be_drawn_as_a_drawing(sweep, tmp_path: Path):
    draw(sweep(broken=True), tmp_path / "sweep.svg")

    assert "</svg>" in (tmp_path / "sweep.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--points", "0"], "must be a whole number of at least 1, got '0'"),
        (["--points", "-3"], "must be a whole number of at least 1, got '-3'"),
        (["--points", "many"], "must be a whole number of at least 1, got 'many'"),
        (["--jobs", "3"], "invalid choice: 3"),
        (["--picture", "nowhere/at/all.png"], "a folder that exists, got 'nowhere/at/all.png'"),
        (["--picture", "sweep.doc"], "must end in .png, .svg, .pdf"),
        (["--record", "--points", "5"], "--record needs every point"),
        (["--record", "--scenario", "flow"], "--record needs every point"),
        (["--scenario", "none"], "invalid choice: 'none'"),
        (["--unknown"], "unrecognized arguments"),
        (["topic"], "unrecognized arguments"),
    ],
)
def test_fails_when_the_usage_is_bad(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended_with:
        main(arguments)

    assert ended_with.value.code == 2
    assert said in capsys.readouterr().err


def test_an_operation_is_named_from_the_nearest_one_shown_above_it():
    shown = {"a", "a/tools", "a/tools/one"}

    assert in_tree("a", shown) == "a"
    assert in_tree("a/tools/one", shown) == "  one"
    assert in_tree("a/tools/two/inner", shown) == "  two/inner"
    assert in_tree("b/model-1", shown) == "b/model-1"
