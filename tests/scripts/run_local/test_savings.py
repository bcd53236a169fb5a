"""What a crash did not cost, from the endpoints' records."""

from scripts.run_local.savings import calls_by_operations, drill_of


def checkpoint(at, path, action="SUCCEED"):
    return {"at": at, "event": "operation", "operation": path, "action": action, "type": "CONTEXT"}


EVENTS = [
    {"at": 1, "event": "invocation_started", "pid": 10},
    checkpoint(5, "research-agent"),
    checkpoint(8, "analysis-agent/model-1"),
    checkpoint(9, "analysis-agent"),
    {"at": 9.1, "event": "killed", "pid": 10, "operation": "analysis-agent"},
    {"at": 10.1, "event": "invocation_started", "pid": 11},
    checkpoint(12, "summary-agent"),
]


def call(number, agent, begin, end):
    common = {"call": number, "agent": agent, "input_tokens": 100, "output_tokens": 10}
    return [{"at": begin, "event": "started", **common}, {"at": end, "event": "finished", **common}]


CALLS = [*call(1, "research", 2, 4), *call(2, "analysis", 5, 8), *call(3, "summary", 10.5, 12)]


def test_the_calls_of_finished_agents_are_saved():
    drill = drill_of(EVENTS, CALLS)
    assert drill is not None
    assert (drill.killed_pid, drill.resumed_pid, round(drill.pause_seconds, 3)) == (10, 11, 1.0)
    assert drill.repeated_calls == {"research": 0, "analysis": 0}
    assert (drill.saved_calls, drill.saved_input_tokens, drill.saved_output_tokens) == (2, 200, 20)
    assert drill.saved_seconds == 5


def test_a_repeated_call_is_counted_not_hidden():
    drill = drill_of(EVENTS, [*CALLS, *call(4, "research", 11, 12)])
    assert drill is not None
    assert drill.repeated_calls == {"research": 1, "analysis": 0}


def test_without_a_second_process_none_is_named():
    drill = drill_of(EVENTS[:5], CALLS[:4])
    assert drill is not None
    assert drill.resumed_pid is None


def test_nothing_killed_is_no_drill():
    assert drill_of([event for event in EVENTS if event["event"] != "killed"], CALLS) is None


def step(at, path, action):
    return {"at": at, "event": "operation", "operation": path, "action": action, "type": "STEP"}


def test_without_a_calls_file_the_steps_themselves_are_counted():
    events = [
        step(2, "research-agent/model-1", "START"),
        step(4, "research-agent/model-1", "SUCCEED"),
        *EVENTS,
        step(10.5, "research-agent/model-1", "START"),
    ]
    spent = {"name": "model-1", "input_tokens": 70, "output_tokens": 7}
    calls = calls_by_operations(events, {"agents": {"research": {"calls": [spent]}}})
    drill = drill_of(events, calls)
    assert drill is not None
    assert (drill.saved_calls, drill.saved_input_tokens, drill.saved_output_tokens) == (1, 70, 7)
    assert drill.repeated_calls == {"research": 1, "analysis": 0}


def test_with_one_step_per_agent_the_agents_sum_is_what_was_saved():
    events = [step(2, "research-agent", "START"), step(5, "research-agent", "SUCCEED"), *EVENTS[4:]]
    calls = calls_by_operations(events, {"agents": {"research": {"input_tokens": 70, "output_tokens": 7, "calls": []}}})
    drill = drill_of(events, calls)
    assert drill is not None
    assert (drill.saved_calls, drill.saved_input_tokens, drill.saved_seconds) == (1, 70, 3)
