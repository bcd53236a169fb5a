"""The flow.py of an agents folder: found, imported and checked before the first call."""

import ast
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from agent_workflow import file_order
from agent_workflow.flow_errors import FlowFailed
from agent_workflow.privacy import trust_author
from agent_workflow.refusals import shown

FILE = "flow.py"
MODULE_NAME = "pipeline_flow"
ASKING = frozenset({"ask", "ask_each"})
Run = Callable[[Any, Any], Any]


def has_flow(folder: Path) -> bool:
    """Whether the agents folder says its order itself; else the agents run in the order of agents.toml."""
    return (folder / FILE).exists()


@cache
def load_flow(folder: Path, agents: tuple[str, ...]) -> Run:
    """The function `run(flow, request)` of the folder's flow.py, or that of the file's order if there is none.

    Args:
        folder: the agents folder.
        agents: names of its agents.

    Raises:
        FlowFailed: flow.py cannot be imported, has no such function, or names an agent that does not exist.
    """
    if not has_flow(folder):
        return file_order.run
    file = folder / FILE
    run = getattr(_imported(file), "run", None)
    if not inspect.isfunction(run):
        raise FlowFailed(f"flow.py must have a function run(flow, request), got {type(run).__name__}")
    if inspect.iscoroutinefunction(run) or inspect.isgeneratorfunction(run) or not _takes_two(run):
        raise FlowFailed("run in flow.py must be a plain function of two arguments, flow and request")
    for name in _asked(file, next(iter(inspect.signature(run).parameters))):
        if name not in agents:
            raise FlowFailed(f"flow.py must ask agents of agents.toml ({', '.join(agents)}), got {shown(name)}")
    return run


def _takes_two(run: Callable[..., Any]) -> bool:
    try:
        inspect.signature(run).bind(None, None)
    except TypeError:
        return False
    return True


def _asked(file: Path, flow: str) -> Iterator[str]:
    """Names of agents that stand in the file as they are; of others the flow itself says so when it runs."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKING:
            of_flow = isinstance(node.func.value, ast.Name) and node.func.value.id == flow
            first = node.args[0] if node.args else None
            if of_flow and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def _imported(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(MODULE_NAME, file)
    if spec is None or spec.loader is None:
        raise FlowFailed("flow.py must be a Python file")
    trust_author(file.parent)
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE_NAME] = module  # dataclasses and typing look their module up by name
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise FlowFailed(f"flow.py must be importable, got {type(error).__name__}: {error}") from error
    return module
