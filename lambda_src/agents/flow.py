"""In what order the agents of agents.toml work, in plain Python; docs/flow.md has every verb of `flow`.

Each verb is one durable operation: it happens once, whatever crashes, and a replay gives the same value again. So
everything here but the verbs runs again after every wait, and must read no clock, no randomness and no network; what
does goes into `flow.step`.
"""

from typing import Any

from agent_workflow.file_order import REVISE
from agent_workflow.topics import ONE_TOPIC, listed, one_text, plan_topics, with_limits


def run(flow: Any, request: Any) -> dict[str, Any]:
    """Research the query, analyse what was found, write the report; a person reviews what the event says."""
    found = in_topics(flow, request) if request.topics else []
    research = one_text(found) or flow.ask("research", query=request.query)

    def analyse(**more: str) -> Any:
        return flow.ask("analysis", research=research, **more)

    def write(**more: str) -> str:
        report = flow.ask("summary", query=request.query, research=research, analysis=analysis, **more)
        return with_limits(report, found)

    analysis = reviewed(flow, "analysis", analyse)
    if request.demo_checkpoint:
        flow.wait("demo-checkpoint", 10)
    texts = {"research": research, "analysis": analysis, "report": reviewed(flow, "report", write)}
    return {**texts, "topics": listed(found)} if found else texts


def reviewed(flow: Any, of: str, make: Any) -> Any:
    """A text, and if a review after it is asked for, the text that a person approved."""

    def again(draft: str, comments: str) -> Any:
        return make(draft=draft, comments=comments, instruction=REVISE)

    return flow.review(make(), of=of, revise=again)


def in_topics(flow: Any, request: Any) -> Any:
    """One research for each topic, side by side; with "auto" the agent names the topics first."""
    topics = plan_topics(flow, "research", request.query) if request.topics == "auto" else request.topics
    return flow.ask_each(
        "research", topics, name="research-topics", item="topic", query=request.query, instruction=ONE_TOPIC,
        max_failed=request.max_failed_topics,
    )  # fmt: skip
