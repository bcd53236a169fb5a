"""The flow of an agents folder without a flow.py: its agents, one after the other, in the order of the file."""

from typing import TYPE_CHECKING

from agent_workflow.errors import InvalidRequest

if TYPE_CHECKING:
    from agent_workflow.flow import Flow
    from agent_workflow.request import Request

DEMO_SECONDS = 10
REVISE = "A reviewer wants `draft` changed as `comments` says. Write it again, whole, with these changes and no others."


def refuse_what_no_flow_does(request: "Request") -> None:
    """Refuse, before any call, what only a flow.py can do.

    Raises:
        InvalidRequest: the event asks for topics, or for a review before the last agent.
    """
    if request.review and request.review.after != "report":
        raise InvalidRequest("review.after must be report: these agents have no flow.py that could wait before that")
    if request.topics is not None:
        raise InvalidRequest("topics must be left out: these agents have no flow.py that could take them one by one")


def run(flow: "Flow", request: "Request") -> str:
    """Ask every agent with the inputs it declares; the last one's answer is the report."""
    *earlier, last = flow.order
    for agent in earlier:
        flow.ask(agent)
    if request.demo_checkpoint:
        flow.wait("demo-checkpoint", DEMO_SECONDS)

    def again(draft: str, comments: str) -> str:
        return flow.sourced(flow.ask(last, draft=draft, comments=comments, instruction=REVISE))

    return flow.review(flow.sourced(flow.ask(last)), revise=again)
