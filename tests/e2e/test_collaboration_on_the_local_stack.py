"""Follow-up questions and a critic in real processes that are killed: no call is repeated, not even a nested one."""

import json
from collections import Counter

import pytest

from scripts.local_aws.processes.child import REPOSITORY
from scripts.local_aws.processes.journal import read_all
from scripts.local_aws.stack import ALIAS, FUNCTION_NAME, LocalStack, StackSettings
from tests.e2e.shared_stack import processes

pytestmark = pytest.mark.slow

FOLDER = REPOSITORY / "tests" / "collaboration"
FIRST, SECOND = "analysis-agent/tool-1-ask_research", "analysis-agent/tool-2-ask_research"
KILLS = [
    {"operation": f"{FIRST}/research-agent-2/model-1", "action": "START", "moment": "before"},
    {"operation": f"{FIRST}/research-agent-2/model-1", "action": "SUCCEED", "moment": "after"},
    {"operation": f"{FIRST}/research-agent-2", "action": "SUCCEED", "moment": "before"},
    {"operation": FIRST, "action": "SUCCEED", "moment": "after"},
    {"operation": "analysis-agent/model-2", "action": "SUCCEED", "moment": "after"},
    {
        "operation": f"{SECOND}/research-agent-3/model-1",
        "action": "SUCCEED",
        "moment": "after",
    },
    {"operation": "analysis-agent", "action": "SUCCEED", "moment": "after"},
    {"operation": "critic-agent/model-1", "action": "SUCCEED", "moment": "after"},
    {"operation": "summary-agent-2/model-1", "action": "SUCCEED", "moment": "after"},
    {"operation": "critic-agent-2", "action": "SUCCEED", "moment": "after"},
]


def one_question_at_a_time(folder):
    """The sample's replies. Of two questions side by side a kill would repeat the one that is under way."""
    replies = json.loads((FOLDER / "replies.json").read_text(encoding="utf-8"))
    for reply in replies["replies"]:
        reply["tool_uses"] = reply.get("tool_uses", [])[:1]
    file = folder / "replies.json"
    file.write_text(json.dumps(replies), encoding="utf-8")
    return file


def result_and_calls(folder, rules):
    folder.mkdir()
    settings = StackSettings(
        folder=folder / "stack",
        model=["--script", str(one_question_at_a_time(folder))],
        kill_rules=rules,
        environment={"AGENTS_FOLDER": str(FOLDER), "RETRY_INITIAL_DELAY_SECONDS": "1"},
        crash_retry_seconds=0.05,
        skip_time=True,
    )
    with LocalStack(settings) as stack:
        event = (REPOSITORY / "tests" / "events" / "follow-up.json").read_text(encoding="utf-8")
        answer = stack.client().invoke(FunctionName=FUNCTION_NAME, Qualifier=ALIAS, Payload=event.encode())
        document = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, document
        calls = Counter(call["agent"] for call in read_all(stack.calls) if call["event"] == "started")
        return document, calls, read_all(stack.events)


# the local engine gives an execution up after a few crashes
@pytest.mark.parametrize("rules", [KILLS[::3], KILLS[1::3], KILLS[2::3]])
def test_killed_inside_questions_and_rounds_no_call_is_repeated_and_the_result_is_the_same(tmp_path, rules):
    unharmed, calls, _ = result_and_calls(tmp_path / "unharmed", ())
    assert calls == {"research": 3, "analysis": 3, "summary": 2, "critic": 2}
    killed, again, events = result_and_calls(tmp_path / "killed", rules)
    assert sum(event["event"] == "killed" for event in events) == len(rules)
    assert len(set(processes(events))) > len(rules)
    assert again == calls
    assert {**killed, "usage": None} == {**unharmed, "usage": None}
    assert killed["report"].endswith("- The critic's open point: It names no cost.\n")
    made = [{name: run["model_calls"] for name, run in r["usage"]["agents"].items()} for r in (killed, unharmed)]
    assert made[0] == made[1]
    assert list(made[0]) == [
        *("research", "research-2", "research-3", "analysis", "summary", "summary-2", "critic", "critic-2"),
    ]
    assert killed["usage"]["model_calls"] == 10
