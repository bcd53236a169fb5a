"""One declared agent as a strands.Agent, built only when it really has to run."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent_workflow.agents import AgentSpec
from agent_workflow.mcp_servers import Listed, no_more
from agent_workflow.model import build_model
from agent_workflow.model_tables import KINDS, kind_of
from agent_workflow.privacy import keep_texts_out_of_spans
from agent_workflow.questions import Asking
from agent_workflow.settings import Settings
from agent_workflow.toolboxes import own_tools
from agent_workflow.tools import load_tools, packaged_tools

if TYPE_CHECKING:
    from strands import Agent


def build_agent(
    agent: AgentSpec,
    settings: Settings,
    boxes: Mapping[str, Any] | None = None,
    listed: Listed = no_more,
    asking: Asking | None = None,
) -> Agent:
    """A new agent with the declared model, prompt and tools; agents keep a conversation and are never shared.

    Args:
        agent: the declaration.
        settings: of the deployment.
        boxes: settings of the packaged tools that are switched on. Default: none.
        listed: gives the tools that servers have listed. Default: none.
        asking: how it asks another agent. Default: it does not.

    Raises:
        ToolsNotFound: a declared tool does not exist.
    """
    from strands import Agent

    keep_texts_out_of_spans()
    boxes, folder = boxes or {}, settings.agents_folder
    built = Agent(
        name=agent.name,
        model=_model(agent, settings),
        system_prompt=agent.prompt,
        tools=[
            *load_tools(folder, own_tools(agent.tools, boxes)),
            *packaged_tools(agent.tools, boxes, folder),
            *listed(),
        ],
        callback_handler=None,  # the default prints every token, and with it the text, to the log
        retry_strategy=None,
    )
    if asking is not None:
        asking.give_to(built)
    return built


def _model(agent: AgentSpec, settings: Settings) -> Any:
    kind = kind_of(agent.model)
    # code and packages of another kind ship only where it is used, so its module is loaded by its name
    return importlib.import_module(KINDS[kind].module).build(agent, settings) if kind else build_model(agent, settings)
