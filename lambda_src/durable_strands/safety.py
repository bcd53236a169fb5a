"""What would make an agent unsafe to replay: replaced where it can be, refused with a reason where it cannot."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any

from durable_strands.client_retries import switch_off
from durable_strands.errors import UnsafeAgent

SUPPORTED_STRANDS = "1.62"
"""The minor version whose private names were read; another one is refused until they are read again."""

# Private names used elsewhere in this package.
_PRIVATE = (
    "_interrupt_state", "_model_state", "_retry_strategy", "_deferred_cancel", "_cancel_message",
    "_default_structured_output_model", "_execute_event_loop_cycle",
)  # fmt: skip

# Attribute of strands.Agent -> why a run that replays cannot have it. Strands 1.62 has no public getter for these.
_REFUSED = {
    "_session_manager": "session_manager writes on every replay; the checkpoints already hold the conversation",
    "_checkpointing": "checkpointing=True stops the loop at each turn; every call is a checkpoint already",
    "_background_tasks": "background_tasks run outside the order of checkpoints",
    "memory_manager": "memory_manager reads and writes outside checkpoints on every replay",
}


def make_safe(agent: Any) -> None:
    """Switch off the retries of the model's client and refuse what cannot be made durable.

    Strands' own retry strategy and tool executor are replaced for the time of the run (`session`).

    Raises:
        UnsafeAgent: The agent has a part that cannot be replayed, or Strands is a version that is not known here.
    """
    _refuse_unknown_strands(agent)
    for attribute, reason in _REFUSED.items():
        if getattr(agent, attribute, None):
            raise UnsafeAgent(f"agent {agent.name!r} cannot run durably: {reason}")
    if getattr(agent.model, "stateful", False):
        raise UnsafeAgent(f"agent {agent.name!r} cannot run durably: its model keeps the conversation on the server")
    switch_off(agent.model)


def _refuse_unknown_strands(agent: Any) -> None:
    """Fail closed: an attribute that was renamed would else mean a check that never finds anything."""
    installed = _strands()
    if not installed.startswith(SUPPORTED_STRANDS + "."):
        raise UnsafeAgent(f"durable_strands supports strands-agents {SUPPORTED_STRANDS}.*, got {installed}")
    if missing := [name for name in (*_REFUSED, *_PRIVATE) if not hasattr(agent, name)]:
        raise UnsafeAgent(f"strands-agents {installed} has no Agent.{missing[0]}, which durable_strands relies on")


@cache
def _strands() -> str:
    return version("strands-agents")
