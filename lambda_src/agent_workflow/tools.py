"""The tools that agents.toml names: of the tools.py of the agents folder, and packaged ones."""

import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from agent_workflow.declaration import ToolChoices
from agent_workflow.privacy import trust_author
from agent_workflow.refusals import shown
from agent_workflow.toolboxes import TOOLBOXES, packaged
from durable_strands import ToolOptions, retry_any
from durable_strands.errors import AgentFailed
from durable_strands.tools import is_tool

MODULE_NAME = "pipeline_tools"


class ToolsNotFound(AgentFailed):
    """The tools.py of the agents folder is missing, cannot be imported, or lacks a declared tool that is one."""


def packaged_tools(names: Sequence[str], boxes: Mapping[str, Any], folder: Path) -> list[Any]:
    """The packaged tools among these names, made by their modules, which are imported for them alone.

    Args:
        names: of an agent's tools.
        boxes: settings of the boxes that are switched on.
        folder: the agents folder, which a box may read from.

    Raises:
        ToolsNotFound: a box cannot be used as it is set up.
    """
    box_of = packaged(boxes)
    box_of = {name: box for name, box in box_of.items() if not TOOLBOXES[box].listed}
    used = dict.fromkeys(box_of[name] for name in names if name in box_of)
    if not used:
        return []
    from research_tools.reading import NotUsable, reading_tool

    made: dict[str, Any] = {}
    for box in used:
        try:
            made |= importlib.import_module(TOOLBOXES[box].module).make(boxes[box], folder)
        except (NotUsable, ImportError) as error:
            raise ToolsNotFound(f"[tools.{box}] must be usable, but {error}") from error
    return [reading_tool(made[name], name) for name in names if name in box_of]


def load_tools(folder: Path, names: tuple[str, ...]) -> list[Any]:
    """The values of these names in `<folder>/tools.py`: Strands tools, durable tools or tool providers.

    The file is imported when an execution begins, to check every tool before the first call, and when an agent with
    tools really runs; a replay that runs none does not import it: its imports may be heavy.

    Raises:
        ToolsNotFound: the file or a name in it is missing or no tool, or its import fails.
    """
    if not names:
        return []
    module = _imported(folder / "tools.py")
    if missing := [name for name in names if not hasattr(module, name)]:
        raise ToolsNotFound(f"every tool must be a name in tools.py, got {shown(missing[0])}")
    tools = [getattr(module, name) for name in names]
    for name, value in zip(names, tools, strict=True):
        if not is_tool(value):
            raise ToolsNotFound(
                f"every tool must be made with @tool or @durable_tool, or be a tool provider, got {shown(name)}, "
                f"which is a {type(value).__name__}"
            )
    return tools


def tool_options(choices: Mapping[str, ToolChoices]) -> dict[str, ToolOptions]:
    """The declared choices in the terms of durable_strands."""
    return {name: _options(choice) for name, choice in choices.items()}


def _options(choice: ToolChoices) -> ToolOptions:
    return ToolOptions(
        durable=choice.durable,
        at_most_once=choice.at_most_once,
        retry=retry_any(max_attempts=choice.max_attempts) if choice.max_attempts > 1 else None,
        timeout_seconds=choice.timeout_seconds,
        max_result_bytes=choice.max_result_bytes,
    )


def _imported(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(MODULE_NAME, file)
    if spec is None or spec.loader is None or not file.is_file():
        raise ToolsNotFound("agents with tools need a tools.py beside agents.toml, got none")
    trust_author(file.parent)
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE_NAME] = module  # dataclasses and typing look their module up by name
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ToolsNotFound(f"tools.py must be importable, got {type(error).__name__}: {error}") from error
    return module
