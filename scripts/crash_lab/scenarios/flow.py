"""The packaged flow: topics side by side, a follow-up question, a review that sends the report back once."""

from __future__ import annotations

import json

from scripts.crash_lab.scenario import Call, Scenario, says

TOPICS = ("hardware", "economics")
QUESTION, COMMENTS = "What does it cost?", "name the price"

_REPLIES = (
    # before the topics: the question stands in no other conversation of the research agent
    says(1, "research", "research: asked", contains=QUESTION),
    *(says(2 + place, "research", f"research: {topic}", contains=topic) for place, topic in enumerate(TOPICS)),
    says(4, "analysis", "analysis: asks", tool_uses=[{"name": "ask_research", "input": {"question": QUESTION}}]),
    says(5, "analysis", "analysis: answered", turn=2),
    says(6, "summary", "summary: revised", contains=COMMENTS),
    says(7, "summary", "summary: first"),
)
_CALLS = (
    *(
        Call(f"research-topics/{number}-{topic}/research-agent/model-1", f"research: {topic}")
        for number, topic in enumerate(TOPICS, 1)
    ),
    Call("analysis-agent/model-1", "analysis: asks"),
    Call("analysis-agent/tool-1-ask_research/research-agent-2/model-1", "research: asked"),
    Call("analysis-agent/model-2", "analysis: answered"),
    Call("summary-agent/model-1", "summary: first"),
    Call("review-1-notify", "notice:review-1", held=False),
    Call("summary-agent-2/model-1", "summary: revised"),
    Call("review-2-notify", "notice:review-2", held=False),
)
FLOW = Scenario(
    name="flow",
    event={"query": "edge computing", "topics": list(TOPICS), "review": True},
    replies=_REPLIES,
    calls=_CALLS,
    answers={
        "review-1": json.dumps({"decision": "revise", "comments": COMMENTS}),
        "review-2": json.dumps({"decision": "approve", "reviewer": "the lab"}),
    },
    throttled="summary: revised",
    packaged_flow=True,
)
