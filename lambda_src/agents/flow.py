"""In what order the agents of agents.toml work, in plain Python; docs/flow.md has every verb of `flow`.

Each verb is one durable operation: it happens once, whatever crashes, and a replay gives the same value again. So
everything here but the verbs runs again after every wait, and must read no clock, no randomness and no network; what
does goes into `flow.step`.
"""

from typing import Any


def run(flow: Any, request: Any) -> dict[str, str]:
    """Research the query, analyse what was found, write the report."""
    research = flow.ask("research", query=request.query)
    analysis = flow.ask("analysis", research=research)
    if request.demo_checkpoint:
        flow.wait("demo-checkpoint", 10)
    report = flow.ask("summary", query=request.query, research=research, analysis=analysis)
    return {"research": research, "analysis": analysis, "report": report}
