"""A batch in real processes that are killed: no query is started twice, no finished call repeated."""

import json
from collections import Counter

import pytest

from tests.e2e.shared_stack import shared_stack
from tests.e2e.test_local_stack import AGENTS, replies

pytestmark = pytest.mark.slow

EVENT = {"queries": [{"query": "edge hardware"}, {"query": "economics"}, {"query": "security", "budget_usd": 5}]}
KILLS = [
    {"operation": "queries/query-1-edge-hardware", "action": "START", "moment": "before"},
    {"operation": "queries/query-2-economics", "action": "START", "moment": "after"},
    {"operation": "research-agent/model-1", "action": "SUCCEED", "moment": "after"},
    {"operation": "summary-agent", "action": "SUCCEED", "moment": "after"},
    {"operation": "queries", "action": "SUCCEED", "moment": "before"},
    {"operation": "queries", "action": "SUCCEED", "moment": "after"},
]
PRICES = {"us.anthropic.claude-sonnet-4-6": {"input": "3", "output": "15"}}


@pytest.fixture(scope="module")
def stack(tmp_path_factory, three_agents):
    # one at a time: a call that is under way beside a kill would be made again, and nothing could be counted exactly
    environment = {"MAX_PARALLEL_BRANCHES": "1", "MODEL_PRICES": json.dumps(PRICES)}
    with shared_stack(tmp_path_factory.mktemp("batch"), three_agents, **environment) as stack:
        yield stack


def test_killed_anywhere_no_query_is_started_twice_and_no_finished_call_repeated(stack):
    ended = stack.run(EVENT, replies(), KILLS)
    assert ended.error is None, ended.document
    result, events = ended.document, ended.events
    assert (result["status"], [each["report"] for each in result["queries"]]) == ("completed", ["summary says so"] * 3)
    assert ended.started("agent") == dict.fromkeys(AGENTS, 3)
    assert (result["usage"]["model_calls"], result["usage"]["cost_usd"]) == (9, "0.00945")
    assert sum(event["event"] == "killed" for event in events) == len(KILLS)
    executions = Counter(event["execution"] for event in events if event["event"] == "invocation_started")
    assert len(executions) == 1 + 3
    started = Counter(
        event["operation"] for event in events if event.get("type") == "CHAINED_INVOKE" and event["action"] == "START"
    )
    assert set(started.values()) == {1}
    assert len(started) == 3
    assert len(set(ended.processes)) > len(KILLS)


def test_the_same_batch_unharmed_gives_the_same_result(stack):
    killed, unharmed = (stack.run(EVENT, replies(), rules).document for rules in (KILLS[:2], ()))
    texts = [[{k: v for k, v in each.items() if k != "usage"} for each in r["queries"]] for r in (killed, unharmed)]
    assert texts[0] == texts[1]
    assert killed["usage"]["cost_usd"] == unharmed["usage"]["cost_usd"]
