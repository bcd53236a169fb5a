"""In what order the agents of agents.toml work, in plain Python; docs/flow.md has every verb of `flow`.

Each verb is one durable operation: it happens once, whatever crashes, and a replay gives the same value again. So
everything here but the verbs runs again after every wait, and must read no clock, no randomness and no network; what
does goes into `flow.step`.
"""

from typing import Any

from agent_workflow.file_order import REVISE
from agent_workflow.topics import ONE_TOPIC, listed, one_text, plan_topics, with_limits


def run(flow: Any, request: Any) -> dict[str, Any]:
    """Research the query; every other agent, in the order of the file, reads what was written; the last one reports."""
    *earlier, last = (agent for agent in flow.order if agent != "research")
    found = in_topics(flow, request) if request.topics else []
    texts = {"research": one_text(found) or flow.ask("research")}

    def write(agent: str, **more: str) -> Any:
        text = flow.ask(agent, **texts, **more)
        return flow.with_sources(with_limits(text, found)) if agent == last else text

    for agent in earlier:
        texts[agent] = reviewed(flow, write, agent, of=agent)
    if request.demo_checkpoint:
        flow.wait("demo-checkpoint", 10)
    report = reviewed(flow, write, last, of="report")
    return {**texts, "report": report, **({"topics": listed(found)} if found else {})}


def reviewed(flow: Any, write: Any, agent: str, *, of: str) -> Any:
    """What the agent writes; if a review after it is asked for, what a person approved of it."""

    def again(draft: str, comments: str) -> Any:
        return write(agent, draft=draft, comments=comments, instruction=REVISE)

    return flow.review(write(agent), of=of, revise=again)


def in_topics(flow: Any, request: Any) -> Any:
    """One research for each topic, side by side; with "auto" the agent names the topics first."""
    topics = plan_topics(flow, "research", request.query) if request.topics == "auto" else request.topics
    return flow.ask_each(
        "research", topics, name="research-topics", item="topic", query=request.query, instruction=ONE_TOPIC,
        max_failed=request.max_failed_topics,
    )  # fmt: skip
