"""The flow.py of an agents folder, checked without running it: its imports are the Lambda's, not synth's."""

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

from .tools_module import defined_names, parsed

FILE = "flow.py"
_VERBS = ("ask", "ask_each")


def check_flow(folder: Path, agents: Collection[str]) -> None:
    """Refuse a flow.py that the Lambda would refuse before its first call.

    Args:
        folder: the agents folder. Without a flow.py its agents run in the order of the file.
        agents: names of its agents.

    Raises:
        ValueError: when it is not Python, has no function run(flow, request), or asks an agent that does not exist.
    """
    file = folder / FILE
    if not file.exists():
        return
    run = next(
        (s for s in parsed(file).body if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef) and s.name == "run"),
        None,
    )
    if run is None:
        names = defined_names(file)
        if names is not None and "run" not in names:
            raise ValueError("flow.py must have a function run(flow, request), got none")
        return
    arguments = (*run.args.posonlyargs, *run.args.args)
    given = len(("flow", "request"))
    if isinstance(run, ast.AsyncFunctionDef) or not len(arguments) - len(run.args.defaults) <= given <= len(arguments):
        raise ValueError("run in flow.py must be a plain function of two arguments, flow and request")
    for name in _asked(run, arguments[0].arg):
        if name not in agents:
            raise ValueError(f"flow.py must ask agents of agents.toml ({', '.join(agents)}), got {name!r}")


def _asked(run: ast.FunctionDef, flow: str) -> Iterator[str]:
    """Names of agents that stand in `run` as they are; of others the Lambda says so when it runs."""
    for node in ast.walk(run):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr=verb), args=[ast.Constant(value=str() as agent), *_]
            ) if name == flow and verb in _VERBS:
                yield agent
