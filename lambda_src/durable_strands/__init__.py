"""Durability for any Strands agent on a Lambda durable function: every model call and tool call its own checkpoint."""

from durable_strands.attempts import Attempt
from durable_strands.branches import map_agents
from durable_strands.errors import AgentFailed
from durable_strands.live import idempotency_key
from durable_strands.mcp_tools import durable_mcp_list, durable_mcp_tools
from durable_strands.observer import Observer
from durable_strands.options import Limits, ToolOptions
from durable_strands.records import AgentRun, CallRecord, Usage
from durable_strands.retries import never_retry, retry_any, retry_interrupted, retry_transient
from durable_strands.run import run, run_agent
from durable_strands.tools import durable_agent_tool, durable_tool

__all__ = [
    "AgentFailed",
    "AgentRun",
    "Attempt",
    "CallRecord",
    "Limits",
    "Observer",
    "ToolOptions",
    "Usage",
    "durable_agent_tool",
    "durable_mcp_list",
    "durable_mcp_tools",
    "durable_tool",
    "idempotency_key",
    "map_agents",
    "never_retry",
    "retry_any",
    "retry_interrupted",
    "retry_transient",
    "run",
    "run_agent",
]
