"""Programs that end without an answer; each has a name of its own under `run_agent`."""

from __future__ import annotations

from typing import Any

from strands import ToolContext, tool
from strands.agent.conversation_manager import NullConversationManager
from strands.session import FileSessionManager
from strands.types.exceptions import ContextWindowOverflowException

from tests.lambda_src.durable_strands.parity.lab import Lab
from tests.lambda_src.durable_strands.parity.table import note, program
from tests.lambda_src.durable_strands.scripted import tool_use as use


def _ending(lab: Lab, *script: Any, **choices: Any) -> None:
    lab.ask(lab.agent([[use("note", "t", text="x")], *script], [note(lab)], **choices), "go")


@program
def the_answer_is_cut_at_max_tokens(lab: Lab) -> None:
    _ending(lab, {"text": "cut", "stop": "max_tokens"})


@program
def a_guardrail_stops_the_answer(lab: Lab) -> None:
    _ending(lab, {"text": "blocked", "stop": "guardrail_intervened"})


@program
def a_content_filter_stops_the_answer(lab: Lab) -> None:
    _ending(lab, {"text": "filtered", "stop": "content_filtered"})


@program
def the_answer_ends_at_a_stop_sequence(lab: Lab) -> None:
    _ending(lab, {"text": "until here", "stop": "stop_sequence"})


@program
def the_model_fails_for_good(lab: Lab) -> None:
    _ending(lab, ValueError("broken"))


@program
def the_window_is_full_and_nobody_shrinks_it(lab: Lab) -> None:
    _ending(lab, ContextWindowOverflowException("full"), conversation_manager=NullConversationManager())


@program
def the_caller_limits_the_turns(lab: Lab) -> None:
    from durable_strands import Limits

    bounds: Any = Limits(turns=1) if type(lab).__name__ == "DurableLab" else {"turns": 1}
    lab.ask(lab.agent([[use("note", "t", text="x")], "never"], [note(lab)]), "go", limits=bounds)


@program
def a_tool_cancels_the_agent_at_once(lab: Lab) -> None:
    @tool(context=True)
    def abort(tool_context: ToolContext) -> str:
        """Abort."""
        tool_context.agent.cancel()
        return "aborting"

    lab.ask(lab.agent([[use("abort", "t")], "never"], [abort]), "go")


@program
def the_model_answers_with_nothing(lab: Lab) -> None:
    _ending(lab, "")


@program
def a_session_manager_keeps_the_conversation(lab: Lab) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        lab.ask(lab.agent(["hello"], session_manager=FileSessionManager("s", storage_dir=folder)), "hi")
