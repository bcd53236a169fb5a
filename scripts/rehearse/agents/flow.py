"""The packaged order: research, by topic if topics are given; analysis; a report, maybe reviewed."""

from typing import Any


def run(flow: Any, request: Any) -> dict[str, Any]:
    """Ask the agents one after the other; after an hour, if the event wants a pause."""
    if request.demo_checkpoint:
        flow.wait("an-hour", 3600)
    if request.topics:
        found = flow.ask_each(
            "research", request.topics, name="research-topics", item="topic", query=request.query,
            max_failed=request.max_failed_topics,
        )  # fmt: skip
        research = "\n\n".join(one.get("text") or "" for one in found)
    else:
        research = flow.ask("research")
    analysis = flow.ask("analysis", research=research)
    report = flow.review(flow.ask("summary", research=research, analysis=analysis))
    return {"research": research, "analysis": analysis, "report": report}
